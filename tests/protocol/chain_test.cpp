#include "protocol/chain.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace lockstep {

namespace {

entry example() {
  entry what;
  what.sequence = sequence_number{7};
  what.ballot.term = term_number{2};
  what.ballot.device.bytes[0] = 1;
  what.device.bytes[0] = 2;
  what.device_sequence = device_sequence_number{3};
  what.timestamp = timestamp::from(1'700'000'000'000, 4);
  what.model = "note";
  what.record.bytes[0] = 5;
  what.change = change_type::update;
  what.version = version_number{6};
  what.previous = sequence_number{4};
  what.transaction_end = sequence_number{8};
  what.data = R"({"text":"a"})";
  return what;
}

} // namespace

TEST(chain, same_on_every_machine_and_in_every_version) {
  EXPECT_EQ(chain_of(0, entry{}), UINT64_C(0xe72ee924c8d3af87));
  EXPECT_EQ(chain_of(42, example()), UINT64_C(0xe3a664f373621a85));
}

TEST(chain, every_field_counts) {
  std::vector<std::function<void(entry&)>> changes{
    [](entry& e) { ++e.sequence; },
    [](entry& e) { ++e.ballot.term; },
    [](entry& e) { e.ballot.device.bytes[15] = 1; },
    [](entry& e) { e.device.bytes[15] = 1; },
    [](entry& e) { ++e.device_sequence; },
    [](entry& e) { ++e.timestamp.packed; },
    [](entry& e) { e.model = "notes"; },
    [](entry& e) { e.record.bytes[15] = 1; },
    [](entry& e) { e.change = change_type::remove; },
    [](entry& e) { ++e.version; },
    [](entry& e) { ++e.previous; },
    [](entry& e) { ++e.transaction_end; },
    [](entry& e) { e.data += ' '; },
  };
  std::set<std::uint64_t> values{chain_of(42, example()),
                                 chain_of(43, example())};
  for (const auto& change : changes) {
    auto changed = example();
    change(changed);
    values.insert(chain_of(42, changed));
  }
  EXPECT_EQ(values.size(), changes.size() + 2);
}

TEST(chain, own_value_does_not_count) {
  auto changed = example();
  changed.chain = 99;
  EXPECT_EQ(chain_of(42, changed), chain_of(42, example()));
}

} // namespace lockstep
