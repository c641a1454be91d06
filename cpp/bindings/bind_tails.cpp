#include "bindings.hpp"
#include "igwas/chisq_tail.hpp"
#include "igwas/error.hpp"
#include "igwas/f_tail.hpp"
#include "igwas/hardy_weinberg.hpp"
#include "igwas/student_t.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace py = pybind11;

namespace igwas::bindings {

namespace {

template <typename Value>
using Array = py::array_t<Value, py::array::c_style>;

// An argument read along the result: one element stands for a constant.
template <typename Value>
class Operand {
 public:
  Operand(Array<Value> const& array, char const* name, Array<Value> const& first)
      : data_(array.data()), stride_(array.size() == 1 ? 0 : 1) {
    bool const same_shape = array.ndim() == first.ndim() &&
                            std::equal(array.shape(), array.shape() + array.ndim(), first.shape());
    if (!same_shape && array.size() != 1) {
      throw ShapeError(std::string(name) + " has " + std::to_string(array.size()) +
                       " elements; expected the shape of the first argument (" +
                       std::to_string(first.size()) + " elements) or one element.");
    }
  }
  [[nodiscard]] Value operator[](py::ssize_t i) const noexcept { return data_[i * stride_]; }

 private:
  Value const* data_;
  py::ssize_t stride_;
};

template <typename Function>
[[nodiscard]] py::array_t<double> fill(py::array const& like, Function function) {
  py::array_t<double> result({like.shape(), like.shape() + like.ndim()});
  double* const out = result.mutable_data();
  py::ssize_t const size = result.size();
  {
    py::gil_scoped_release const release;
    for (py::ssize_t i = 0; i < size; ++i) {
      out[i] = function(i);
    }
  }
  return result;
}

[[nodiscard]] py::array_t<double> student_t(Array<double> const& t, Array<double> const& dof) {
  Operand const t_of(t, "t", t);
  Operand const dof_of(dof, "dof", t);
  return fill(t, [&](py::ssize_t i) { return log10p_student_t(t_of[i], dof_of[i]); });
}

[[nodiscard]] py::array_t<double> f(Array<double> const& f, Array<double> const& d1,
                                    Array<double> const& d2) {
  Operand const f_of(f, "f", f);
  Operand const d1_of(d1, "d1", f);
  Operand const d2_of(d2, "d2", f);
  return fill(f, [&](py::ssize_t i) { return log10p_f(f_of[i], d1_of[i], d2_of[i]); });
}

[[nodiscard]] py::array_t<double> chisq(Array<double> const& chisq, Array<double> const& dof) {
  Operand const chisq_of(chisq, "chisq", chisq);
  Operand const dof_of(dof, "dof", chisq);
  return fill(chisq, [&](py::ssize_t i) { return log10p_chisq(chisq_of[i], dof_of[i]); });
}

[[nodiscard]] py::array_t<double> hardy_weinberg(Array<std::int64_t> const& n_hom1,
                                                 Array<std::int64_t> const& n_het,
                                                 Array<std::int64_t> const& n_hom2, bool mid_p) {
  Operand const first(n_hom1, "n_hom1", n_hom1);
  Operand const middle(n_het, "n_het", n_hom1);
  Operand const second(n_hom2, "n_hom2", n_hom1);
  return fill(n_hom1, [&](py::ssize_t i) {
    return hardy_weinberg_log10p({first[i], middle[i], second[i]}, mid_p);
  });
}

}  // namespace

void bind_tails(py::module_& module) {
  module.def("log10p_student_t", &student_t, py::arg("t").noconvert(), py::arg("dof").noconvert(),
             "-log10 of the two-sided p of t; dof of the same shape or of one element.");
  module.def("log10p_f", &f, py::arg("f").noconvert(), py::arg("d1").noconvert(),
             py::arg("d2").noconvert(), "-log10 of the upper tail of F.");
  module.def("log10p_chisq", &chisq, py::arg("chisq").noconvert(), py::arg("dof").noconvert(),
             "-log10 of the upper tail of chi-square.");
  module.def("hardy_weinberg_log10p", &hardy_weinberg, py::arg("n_hom1").noconvert(),
             py::arg("n_het").noconvert(), py::arg("n_hom2").noconvert(), py::kw_only(),
             py::arg("mid_p") = false, "-log10 of the exact Hardy-Weinberg p; int64 counts.");
}

}  // namespace igwas::bindings
