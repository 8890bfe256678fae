#include "tests/fuzz/decoders.hpp"

#include <cstddef>
#include <cstdlib>

// One program for each decoder, by the name in LOCKSTEP_DECODER. libFuzzer
// takes an exception that leaves this for a crash, as it is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const auto* target = lockstep::find_decoder(LOCKSTEP_DECODER);
  if (target == nullptr)
    std::abort();
  target->check({data, size});
  return 0;
}
