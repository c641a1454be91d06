#include "igwas/zstd.hpp"

#include "igwas/error.hpp"

#include <dlfcn.h>

#include <atomic>
#include <mutex>

namespace igwas {

namespace {

// The part of the stable API that we call; the signatures have not changed since zstd 1.0.
struct Functions {
  std::size_t (*compress_bound)(std::size_t);
  std::size_t (*compress)(void*, std::size_t, void const*, std::size_t, int);
  std::size_t (*decompress)(void*, std::size_t, void const*, std::size_t);
  unsigned (*is_error)(std::size_t);
  char const* (*error_name)(std::size_t);
};

// Written once under the mutex, then only read: the one process-wide fact is which library it is.
Functions table{};
std::atomic<Functions const*> bound{nullptr};
std::mutex binding;

template <typename Function>
void bind(void* library, std::string const& path, char const* name, Function& target) {
  void* const symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw DeviceUnavailable(path + " has no function " + name +
                            "; expected the zstd library. Install it with: pip install hdf5plugin");
  }
  target = reinterpret_cast<Function>(symbol);
}

[[nodiscard]] Functions functions_of(void* library, std::string const& path) {
  Functions found{};
  bind(library, path, "ZSTD_compressBound", found.compress_bound);
  bind(library, path, "ZSTD_compress", found.compress);
  bind(library, path, "ZSTD_decompress", found.decompress);
  bind(library, path, "ZSTD_isError", found.is_error);
  bind(library, path, "ZSTD_getErrorName", found.error_name);
  return found;
}

[[nodiscard]] Functions const& functions() {
  Functions const* const found = bound.load(std::memory_order_acquire);
  if (found == nullptr) {
    throw DeviceUnavailable(
        "zstd is not loaded; expected load_zstd before the first chunk. "
        "Call igwas._codec.ensure_zstd(), or in C++ igwas::load_zstd(path).");
  }
  return *found;
}

}  // namespace

void load_zstd(std::string const& path) {
  std::scoped_lock const lock(binding);
  if (zstd_is_loaded()) {
    return;
  }
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    char const* const reason = dlerror();
    throw DeviceUnavailable("zstd library " + path + " cannot be opened (" +
                            (reason == nullptr ? "no reason given" : reason) +
                            "); expected a shared library. "
                            "Install it with: pip install hdf5plugin");
  }
  try {
    table = functions_of(library, path);
  } catch (DeviceUnavailable const&) {
    dlclose(library);
    throw;
  }
  bound.store(&table, std::memory_order_release);
}

bool zstd_is_loaded() noexcept { return bound.load(std::memory_order_acquire) != nullptr; }

std::vector<std::byte> zstd_compress(std::span<std::byte const> data, int level) {
  Functions const& zstd = functions();
  std::vector<std::byte> frame(zstd.compress_bound(data.size()));
  std::size_t const size =
      zstd.compress(frame.data(), frame.size(), data.data(), data.size(), level);
  if (zstd.is_error(size) != 0) {
    throw Error("zstd could not compress " + std::to_string(data.size()) + " bytes at level " +
                std::to_string(level) + " (" + zstd.error_name(size) +
                "); expected a frame. Use a level from 1 to 22.");
  }
  frame.resize(size);
  return frame;
}

void zstd_decompress(std::span<std::byte const> in, std::span<std::byte> out) {
  Functions const& zstd = functions();
  std::size_t const size = zstd.decompress(out.data(), out.size(), in.data(), in.size());
  if (zstd.is_error(size) != 0) {
    throw CorruptFile("a compressed chunk of " + std::to_string(in.size()) + " bytes is damaged (" +
                      zstd.error_name(size) + "); expected " + std::to_string(out.size()) +
                      " bytes of data. Write the file again.");
  }
  if (size != out.size()) {
    throw CorruptFile("a compressed chunk holds " + std::to_string(size) + " bytes; expected " +
                      std::to_string(out.size()) + ". Write the file again.");
  }
}

}  // namespace igwas
