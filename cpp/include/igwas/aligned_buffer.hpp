// Memory on cache line boundaries, in huge pages where the system has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace igwas {

/// Plain values on cache line boundaries. Large buffers ask for huge pages: without them the
/// gathers of rows miss the address cache.
template <typename T>
class AlignedBuffer {
 public:
  /// Make room for n values; their content is lost when the buffer grows. New memory is zero.
  void resize(std::size_t n);
  [[nodiscard]] T* data() noexcept { return data_.get(); }
  [[nodiscard]] T const* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(T* pointer) const noexcept;
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

extern template class AlignedBuffer<float>;
extern template class AlignedBuffer<double>;
extern template class AlignedBuffer<std::int16_t>;
extern template class AlignedBuffer<std::int32_t>;
extern template class AlignedBuffer<std::int64_t>;
extern template class AlignedBuffer<std::uint8_t>;
extern template class AlignedBuffer<std::uint16_t>;
extern template class AlignedBuffer<std::uint64_t>;

}  // namespace igwas
