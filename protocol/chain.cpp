#include "protocol/chain.hpp"

// The state lives on the stack, so its size must be known.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include <array>
#include <span>

namespace lockstep {

namespace {

/// Feeds fields to the hash in one fixed layout: integers as eight bytes,
/// little end first; text with its length before it.
class field_hash {
public:
  void add(std::uint64_t number) {
    std::array<unsigned char, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<unsigned char>(number >> (8 * i));
    append(bytes.data(), bytes.size());
  }

  template <class Tag> void add(number_of<Tag> number) {
    add(number.value);
  }

  template <class Tag> void add(const uuid_of<Tag>& id) {
    append(id.bytes.data(), id.bytes.size());
  }

  void add(std::string_view text) {
    add(text.size());
    append(text.data(), text.size());
  }

  [[nodiscard]] std::uint64_t digest() const {
    return XXH64_digest(&state_);
  }

private:
  void append(const void* bytes, std::size_t size) {
    XXH64_update(&state_, bytes, size);
  }

  XXH64_state_t state_ = [] {
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    return state;
  }();
};

} // namespace

std::uint64_t chain_of(std::uint64_t before, const entry& what) {
  field_hash hash;
  hash.add(before);
  hash.add(what.sequence);
  hash.add(what.ballot.term);
  hash.add(what.ballot.device);
  hash.add(what.device);
  hash.add(what.device_sequence);
  hash.add(what.timestamp.packed);
  hash.add(what.model);
  hash.add(what.record);
  hash.add(static_cast<std::uint64_t>(what.change));
  hash.add(what.version);
  hash.add(what.previous);
  hash.add(what.transaction_end);
  hash.add(what.data);
  return hash.digest();
}

} // namespace lockstep
