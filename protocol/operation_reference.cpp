#include "protocol/operation_reference.hpp"

#include <xxhash.h>

namespace lockstep {

namespace {

/// Set in marks; no device gets to make so many operations. SQLite's integers
/// hold it.
constexpr auto mark_bit = std::uint64_t{1} << 62;

device_sequence_number marked(std::uint64_t hash) {
  return device_sequence_number{mark_bit | (hash & (mark_bit - 1))};
}

} // namespace

device_sequence_number
reference_to(device_id maker, device_sequence_number number, device_id writer) {
  return maker == writer || !number ? number : mark_of(maker, number);
}

device_sequence_number mark_of(device_id maker, device_sequence_number number) {
  return marked(XXH64(maker.bytes.data(), maker.bytes.size(), number.value));
}

device_sequence_number mark_of_merged(device_id maker,
                                      device_sequence_number number,
                                      std::string_view image) {
  return marked(
    XXH64(image.data(), image.size(), mark_of(maker, number).value));
}

bool is_mark(device_sequence_number reference) {
  return (reference.value & mark_bit) != 0;
}

bool is_built_on(const operation& what, device_id maker,
                 device_sequence_number number) {
  return is_mark(what.base_operation)
           ? what.base_operation == mark_of(maker, number)
           : what.base_operation && what.base_operation == number
               && what.device == maker;
}

} // namespace lockstep
