#include "tests/apps/hosted_nodes.hpp"

#include <fstream>
#include <memory>
#include <mutex>
#include <optional>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Two devices that share nothing but this machine's loopback: each has threads
/// of its own, and they meet over TLS only.
class networked_nodes : public testing::Test {
protected:
  struct machine {
    std::unique_ptr<runtime> threads = std::make_unique<runtime>();
    std::optional<node> device;

    void stop() {
      device.reset();
      threads = std::make_unique<runtime>();
    }
  };

  void start(machine& at, const std::string& name) {
    node_options how;
    how.data_directory = folder / name;
    how.device_name = name;
    how.limits.leadership.heartbeat = 200ms;
    how.limits.leadership.timeout = 1s;
    how.limits.leadership.lease = 1500ms;
    how.limits.leadership.election_window = 100ms;
    how.limits.replication.retry_first = 50ms;
    how.network = network_place{"127.0.0.1:0"};
    how.limits.network.redial_first = 50ms;
    how.limits.network.redial_most = 500ms;
    how.network->paired = [this](const paired_device& news) {
      const std::scoped_lock guard{mutex_};
      words_ = news.verification;
    };
    auto opened = node::open(*at.threads, std::move(how));
    ASSERT_TRUE(opened) << opened.error().message;
    at.device.emplace(std::move(*opened));
  }

  /// A library of A's that B takes part in.
  void share() {
    start(a, "a");
    start(b, "b");
    auto made = a.device->create_library("photos");
    ASSERT_TRUE(made) << made.error().message;
    on_a.emplace(*made);
    ASSERT_TRUE(within(on_a->use<tag>()));
    const auto offer = a.device->invite(*on_a, 10min);
    ASSERT_TRUE(offer) << offer.error().message;
    auto joined = b.device->join(offer->text);
    ASSERT_TRUE(joined) << joined.error().message;
    on_b.emplace(joined->what);
    EXPECT_EQ(joined->from, a.device->device());
    EXPECT_EQ(joined->verification, words());
    ASSERT_TRUE(eventually([&] { return on_b->leader() == joined->from; }));
    ASSERT_TRUE(within(on_b->use<tag>()));
  }

  std::string words() {
    const std::scoped_lock guard{mutex_};
    return words_;
  }

  void reopen(machine& at, std::optional<library>& on) {
    auto opened = at.device->open_library("photos");
    ASSERT_TRUE(opened) << opened.error().message;
    on.emplace(*opened);
  }

  static tag named(const std::string& name) {
    tag made;
    made.uuid = make_record_id();
    made.name = name;
    return made;
  }

  testing::AssertionResult in_step() {
    const bool agree = eventually([&] {
      const auto one = within(on_a->status());
      const auto other = within(on_b->status());
      return one && other && one->head == other->head && one->pending == 0
             && other->pending == 0
             && other->applied == other->head.position.sequence
             && within(on_a->digest()) == within(on_b->digest());
    });
    if (agree)
      return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << "a: " << state_of(*on_a) << "; b: " << state_of(*on_b);
  }

  static std::string state_of(library& on) {
    const auto now = within(on.status());
    if (!now)
      return complaint_of(now);
    return std::string{to_string(now->leadership.role)} + " of term "
           + to_string(now->leadership.ballot.term) + ", log "
           + to_string(now->head.position.sequence) + ", applied "
           + to_string(now->applied) + ", pending "
           + std::to_string(now->pending);
  }

  temporary_directory folder;
  std::mutex mutex_;
  std::string words_;
  machine a;
  machine b;
  std::optional<library> on_a;
  std::optional<library> on_b;
};

TEST_F(networked_nodes, keep_a_library_in_step) {
  share();
  const auto red = named("red");
  const auto blue = named("blue");
  ASSERT_TRUE(within(on_a->commit(red)));
  const auto receipt
    = within(on_b->commit(blue, change_type::insert, receipt_state::sequenced));
  ASSERT_TRUE(receipt) << receipt.error().message;
  ASSERT_TRUE(in_step());
  EXPECT_EQ(on_b->load<tag>(red.uuid)->name, "red");
  EXPECT_EQ(on_a->load<tag>(blue.uuid)->name, "blue");
}

TEST_F(networked_nodes, find_each_other_again_where_they_moved_to) {
  share();
  ASSERT_TRUE(in_step());
  const auto before = a.device->listening_on();
  on_a.reset();
  a.stop();
  ASSERT_TRUE(within(on_b->commit(named("alone"))));
  start(a, "a");
  reopen(a, on_a);
  EXPECT_NE(a.device->listening_on(), before);
  ASSERT_TRUE(in_step());
  on_b.reset();
  b.stop();
  ASSERT_TRUE(within(on_a->commit(named("alone again"))));
  start(b, "b");
  reopen(b, on_b);
  EXPECT_TRUE(in_step());
}

TEST_F(networked_nodes, carry_large_transactions) {
  share();
  std::vector<tag> many;
  for (int i = 0; i < 2'000; ++i)
    many.push_back(named(std::string(2'000, 'x') + std::to_string(i)));
  const auto made = within(on_b->commit_batch<tag>(many, change_type::insert));
  ASSERT_TRUE(made) << complaint_of(made);
  ASSERT_TRUE(in_step());
  EXPECT_EQ(on_a->load_all<tag>().value().size(), many.size());
}

TEST_F(networked_nodes, hand_over_when_one_leaves) {
  share();
  ASSERT_TRUE(in_step());
  const auto begin = std::chrono::steady_clock::now();
  a.device.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(eventually([&] { return on_b->is_leader(); }));
}

TEST_F(networked_nodes, refuse_what_cannot_be_joined) {
  share();
  const auto again = a.device->invite(*on_a, 10min);
  ASSERT_TRUE(again);
  EXPECT_EQ(code_of(b.device->join(again->text)), errc::already_exists);
  EXPECT_EQ(code_of(b.device->join("lockstep:nonsense")),
            errc::invalid_argument);
}

TEST_F(networked_nodes, check_a_database_before_the_invitation_is_used) {
  share();
  machine c;
  start(c, "c");
  const auto offer = a.device->invite(*on_a, 10min);
  ASSERT_TRUE(offer);
  const auto bad = folder / "not a database";
  std::ofstream{bad} << std::string(5'000, 'x');
  const auto members = within(on_a->members())->members.size();
  EXPECT_EQ(code_of(c.device->join(offer->text, folder / "nowhere" / "c.db")),
            errc::not_found);
  EXPECT_EQ(code_of(c.device->join(offer->text, bad)), errc::corrupt);
  EXPECT_EQ(code_of(c.device->join(offer->text, on_b->database())),
            errc::already_exists);
  EXPECT_EQ(within(on_a->members())->members.size(), members);
  const auto joined = c.device->join(offer->text, folder / "c.db");
  EXPECT_TRUE(joined) << joined.error().message;
}

TEST_F(networked_nodes, a_device_that_was_removed_lets_nobody_in) {
  share();
  machine c;
  start(c, "c");
  const auto earlier = b.device->invite(*on_b, 10min);
  ASSERT_TRUE(earlier) << earlier.error().message;
  ASSERT_TRUE(b.device->check_membership(*on_b));
  ASSERT_TRUE(within(on_a->remove_member(b.device->device())));
  ASSERT_TRUE(eventually([&] {
    return code_of(b.device->check_membership(*on_b)) == errc::not_member;
  }));
  const auto made = b.device->invite(*on_b, 10min);
  EXPECT_EQ(code_of(made), errc::not_member);
  EXPECT_THAT(complaint_of(made), testing::HasSubstr("library delete"));
  EXPECT_EQ(code_of(c.device->join(earlier->text)), errc::not_member);
  EXPECT_TRUE(a.device->check_membership(*on_a));
}

TEST_F(networked_nodes, a_device_whose_log_says_it_was_removed_lets_nobody_in) {
  share();
  // It puts its own removal in order.
  ASSERT_TRUE(within(on_b->remove_member(a.device->device())));
  ASSERT_TRUE(eventually([&] {
    return code_of(a.device->invite(*on_a, 10min)) == errc::not_member;
  }));
  EXPECT_EQ(code_of(within(on_a->add_member(b.device->device(), "b"))),
            errc::not_member);
  EXPECT_TRUE(b.device->invite(*on_b, 10min));
}

TEST_F(networked_nodes, a_device_without_a_place_invites_nobody) {
  node_options how;
  how.data_directory = folder / "c";
  auto device = node::open(*a.threads, std::move(how));
  ASSERT_TRUE(device);
  auto made = device->create_library("photos");
  ASSERT_TRUE(made);
  EXPECT_EQ(code_of(device->invite(*made, 10min)), errc::closed);
  EXPECT_EQ(device->listening_on(), "");
}

} // namespace
} // namespace lockstep
