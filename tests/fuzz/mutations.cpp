#include "tests/fuzz/mutations.hpp"

#include <algorithm>
#include <array>

namespace lockstep {

namespace {

/// Ends of lengths and numbers, where decoders go wrong.
constexpr std::array<std::uint8_t, 8> edges{0,    1,    0x0f, 0x10,
                                            0x7f, 0x80, 0xfe, 0xff};

} // namespace

bytes mutations::make(const std::vector<bytes>& inputs) {
  auto made = inputs[below(inputs.size())];
  for (auto changes = 1 + below(4); changes > 0; --changes)
    change(made, inputs);
  return made;
}

void mutations::change(bytes& what, const std::vector<bytes>& inputs) {
  const auto at = below(what.size());
  const auto place = what.begin() + static_cast<std::ptrdiff_t>(at);
  const auto length = below(what.size() - at);
  const auto end = place + static_cast<std::ptrdiff_t>(length);
  switch (what.empty() ? 6 : below(8)) {
    case 0:
      *place = static_cast<std::uint8_t>(*place ^ 1u << below(8));
      break;
    case 1:
      *place = any_byte();
      break;
    case 2:
      *place = edges[below(edges.size())];
      break;
    case 3:
      what.erase(place, end);
      break;
    case 4: {
      const bytes twice{place, end};
      what.insert(place, twice.begin(), twice.end());
      break;
    }
    case 5:
      // A varint that goes on, or a length of four gigabytes.
      what.insert(place, 1 + below(10), 0xff);
      break;
    case 6: {
      const auto& other = inputs[below(inputs.size())];
      what.resize(at);
      what.insert(what.end(),
                  other.begin()
                    + static_cast<std::ptrdiff_t>(std::min(at, other.size())),
                  other.end());
      break;
    }
    default:
      what.resize(at);
      break;
  }
}

} // namespace lockstep
