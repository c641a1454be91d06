#include "igwas/aligned_buffer.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace igwas {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t cache_line = 64;

}  // namespace

template <typename T>
void AlignedBuffer<T>::Free::operator()(T* pointer) const noexcept {
  std::free(pointer);
}

template <typename T>
void AlignedBuffer<T>::resize(std::size_t n) {
  size_ = n;
  if (n <= capacity_) {
    return;
  }
  std::size_t const bytes = n * sizeof(T);
  std::size_t const alignment = bytes >= huge_page ? huge_page : cache_line;
  std::size_t const rounded = (bytes + alignment - 1) / alignment * alignment;
  capacity_ = 0;
  data_.reset();
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
#if defined(__linux__)
  if (alignment == huge_page) {
    // A hint; nothing depends on it but speed.
    ::madvise(memory, rounded, MADV_HUGEPAGE);
  }
#endif
  std::memset(memory, 0, rounded);
  data_.reset(static_cast<T*>(memory));
  capacity_ = n;
}

template class AlignedBuffer<float>;
template class AlignedBuffer<double>;
template class AlignedBuffer<std::int16_t>;
template class AlignedBuffer<std::int32_t>;
template class AlignedBuffer<std::int64_t>;
template class AlignedBuffer<std::uint8_t>;
template class AlignedBuffer<std::uint16_t>;
template class AlignedBuffer<std::uint32_t>;
template class AlignedBuffer<std::uint64_t>;

}  // namespace igwas
