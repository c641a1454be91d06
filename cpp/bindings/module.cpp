#include "bindings.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compute core of igwas: reading chunks, the scan, tails of distributions.";
  igwas::bindings::bind_errors(module);
  igwas::bindings::bind_scan(module);
  igwas::bindings::bind_products(module);
  igwas::bindings::bind_codec(module);
  igwas::bindings::bind_tails(module);
}
