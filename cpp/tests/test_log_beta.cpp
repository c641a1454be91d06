#include "check.hpp"
#include "igwas/log_beta.hpp"

using namespace igwas;

namespace {

void stirling_remainder_agrees_with_mpmath() {
  testing::check_close(stirling_remainder(0.001), 2.5422704679670945, 1e-13);
  testing::check_close(stirling_remainder(0.25), 0.27251040121343206, 1e-13);
  testing::check_close(stirling_remainder(0.5), 0.15342640972002735, 1e-13);
  testing::check_close(stirling_remainder(1), 0.081061466795327258, 1e-13);
  testing::check_close(stirling_remainder(3.7), 0.022468770580143146, 1e-13);
  testing::check_close(stirling_remainder(9.75), 0.0085440205058485877, 1e-13);
  testing::check_close(stirling_remainder(10), 0.0083305634333628713, 1e-13);
  testing::check_close(stirling_remainder(10.25), 0.0081275088233059996, 1e-13);
  testing::check_close(stirling_remainder(1000.5), 8.3291684715974056e-5, 1e-13);
  testing::check_close(stirling_remainder(250000), 3.3333333333315556e-7, 1e-13);
}

void log_beta_agrees_with_mpmath() {
  testing::check_close(log_beta(0.5, 0.5), 1.1447298858494002, 1e-14);
  testing::check_close(log_beta(250000, 0.5), -5.6422426554974917, 1e-14);
  testing::check_close(log_beta(512, 250000), -3684.4594532815935, 1e-14);
  testing::check_close(log_beta(0.001, 40), 6.9035025453523737, 1e-14);
  testing::check_close(log_beta(3.3, 7.1), -5.9564343143407721, 1e-14);
}

void log1p_deficit_agrees_with_mpmath() {
  testing::check_close(log1p_deficit(1e-09, 1.000000001), 4.9999999966666673e-19, 1e-14);
  testing::check_close(log1p_deficit(-1e-09, 0.999999999), 5.000000003333334e-19, 1e-14);
  testing::check_close(log1p_deficit(0.01, 1.01), 4.9669146831917154e-5, 1e-14);
  testing::check_close(log1p_deficit(-0.3, 0.7), 0.056674943938732374, 1e-14);
  testing::check_close(log1p_deficit(0.49, 1.49), 0.091223880042632224, 1e-14);
  testing::check_close(log1p_deficit(0.51, 1.51), 0.097890349173167042, 1e-14);
  testing::check_close(log1p_deficit(-0.36, 0.64), 0.086287102628419504, 1e-14);
  testing::check_close(log1p_deficit(40.0, 41.0), 36.286427933295692, 1e-14);
}

}  // namespace

int main() {
  stirling_remainder_agrees_with_mpmath();
  log_beta_agrees_with_mpmath();
  log1p_deficit_agrees_with_mpmath();
  return testing::exit_code();
}
