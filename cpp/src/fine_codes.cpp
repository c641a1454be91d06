#include "igwas/fine_codes.hpp"

#include "igwas/error.hpp"

#include <string>

namespace igwas {

void require_fine_samples(std::size_t n_samples) {
  if (n_samples > most_fine_samples) {
    throw DeviceUnavailable(
        "there are " + std::to_string(n_samples) +
        " samples and the genotypes are fractions of copies; expected at most " +
        std::to_string(most_fine_samples) + " on a GPU. Give an array in memory, and no device.");
  }
}

}  // namespace igwas
