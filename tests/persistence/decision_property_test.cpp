#include "persistence/model_policy.hpp"
#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"
#include "tests/persistence/random_choice.hpp"
#include "tests/support/each_seed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <ostream>
#include <set>
#include <tuple>

namespace lockstep {

namespace {

using transactions = std::vector<std::vector<operation>>;

/// What deciding came to: the rows, and what is kept of what lost.
struct outcome {
  std::string notes;
  std::string lines;
  /// Of each open conflict: kind, record, and the images of both sides.
  std::multiset<std::tuple<std::string, record_id, std::string, std::string>>
    kept;

  bool operator==(const outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const outcome& what) {
  out << what.notes << what.lines;
  for (const auto& [kind, record, winner, loser] : what.kept)
    out << kind << ' ' << to_string(record) << ": " << winner << " / " << loser
        << '\n';
  return out;
}

outcome outcome_on(library_device& device) {
  outcome found{device.rows("SELECT * FROM note ORDER BY uuid"),
                device.rows("SELECT * FROM line ORDER BY uuid"),
                {}};
  std::map<record_id, entry> newest;
  for (const auto& what : device.entries())
    if (what.model == conflict_model)
      newest[what.record] = what;
  for (const auto& [id, what] : newest) {
    if (what.change == change_type::remove)
      continue;
    const auto loser = loser_of(what.data).value();
    found.kept.emplace(nlohmann::json::parse(what.data)["kind"], loser.record,
                       winner_of(what.data).value().data, loser.data);
  }
  return found;
}

/// Two devices that wrote offline, and two that may lead and have the same log.
class offline_writers {
public:
  offline_writers(std::uint64_t seed, conflict_policy policy) : random_(seed) {
    first_.leads = true;
    for (auto* device : {&first_, &second_, &b_, &c_}) {
      device->elsewhere(note_table);
      device->elsewhere("CREATE TABLE line(uuid TEXT PRIMARY KEY, note TEXT"
                        " NOT NULL REFERENCES note(uuid) ON DELETE CASCADE)");
      for (const auto* table : {"note", "line"})
        must_work(device->track(table));
    }
    must_work(first_.write({policy_change("note", policy)}));
    for (std::uint8_t i = 1; i <= records; ++i)
      must_work(first_.write(insert_note(i, "old " + std::to_string(i), "0")));
    for (auto* device : {&second_, &b_, &c_})
      must_work(device->follow(first_));
  }

  /// Anything: names that are taken, rows that refer to one another, edits on
  /// edits.
  void write_much() {
    for (auto* device : {&b_, &c_})
      for (int i = 0; i < 6; ++i) {
        std::vector<transaction_step> steps;
        for (auto left = random_.below(3) + 1; left > 0; --left)
          steps.emplace_back(sql_statement{anything(), {}});
        if (const auto done = device->write(steps); !done) {
          EXPECT_EQ(done.error().code, errc::constraint);
        }
      }
  }

  /// Each device at most one change of each record, and no name twice.
  void write_each_once() {
    for (auto* device : {&b_, &c_})
      for (std::uint8_t i = 1; i <= records; ++i)
        if (const auto sql = one_change(i, device == &b_ ? "b" : "c");
            !sql.empty())
          must_work(device->write(sql));
  }

  /// The transactions of both, each device's in order, otherwise by chance.
  transactions in_any_order() {
    auto of_b = transactions_of(b_);
    auto of_c = transactions_of(c_);
    transactions all;
    for (std::size_t i = 0, k = 0; i < of_b.size() || k < of_c.size();)
      if (k == of_c.size() || (i < of_b.size() && random_.one_in(2)))
        all.push_back(of_b[i++]);
      else
        all.push_back(of_c[k++]);
    return all;
  }

  transactions one_before_the_other(bool b_first) {
    auto list = transactions_of(b_first ? b_ : c_);
    const auto rest = transactions_of(b_first ? c_ : b_);
    list.insert(list.end(), rest.begin(), rest.end());
    return list;
  }

  outcome decided_at_once(const transactions& list) {
    std::vector<operation> all;
    for (const auto& one : list)
      all.insert(all.end(), one.begin(), one.end());
    must_work(first_.sequence(all));
    return outcome_on(first_);
  }

  /// By another leader, so many at a time as chance has it, some of them twice.
  outcome decided_in_pieces(const transactions& list) {
    must_work(second_.take_office(test_ballot(2, 2)));
    for (std::size_t at = 0; at < list.size();) {
      std::vector<operation> piece;
      const auto from = at > 0 && random_.one_in(3) ? at - 1 : at;
      at = std::min(list.size(), at + 1 + random_.below(4));
      for (auto i = from; i < at; ++i)
        piece.insert(piece.end(), list[i].begin(), list[i].end());
      must_work(second_.sequence(piece));
      if (random_.one_in(4))
        second_.reopen();
    }
    return outcome_on(second_);
  }

private:
  static constexpr std::uint8_t records = 5;

  template <class T> static void must_work(const expected<T>& done) {
    EXPECT_TRUE(done) << done.error().message;
  }

  static transactions transactions_of(library_device& device) {
    transactions list;
    for (auto& what : device.pending()) {
      if (list.empty()
          || list.back().back().transaction_end != what.transaction_end)
        list.emplace_back();
      list.back().push_back(std::move(what));
    }
    return list;
  }

  std::uint8_t record() {
    return static_cast<std::uint8_t>(random_.below(records) + 1);
  }

  std::string anything() {
    const auto where = " WHERE uuid = '" + uuid(record()) + "'";
    const auto name = random_.word({"ann", "bob", "eve"});
    const auto text = std::to_string(random_.below(4));
    switch (random_.below(8)) {
      case 0:
        return "DELETE FROM note" + where;
      case 1:
      case 2:
        return "UPDATE note SET name = '" + name + "'" + where;
      case 3:
        return "INSERT OR IGNORE INTO line VALUES('" + uuid(record()) + "', '"
               + uuid(record()) + "')";
      case 4:
        return "INSERT OR REPLACE INTO note VALUES('" + uuid(record()) + "', '"
               + name + "', '" + text + "')";
      default:
        return "UPDATE note SET text = '" + text + "'" + where;
    }
  }

  std::string one_change(std::uint8_t of, const std::string& who) {
    const auto where = " WHERE uuid = '" + uuid(of) + "'";
    switch (random_.below(6)) {
      case 0:
        return {};
      case 1:
        return "DELETE FROM note" + where;
      case 2:
        return "UPDATE note SET name = '" + who + std::to_string(of) + "'"
               + where;
      case 3:
        return "UPDATE note SET text = '1', name = '" + who + std::to_string(of)
               + "'" + where;
      default:
        return "UPDATE note SET text = '" + std::to_string(random_.below(3))
               + "'" + where;
    }
  }

  random_choice random_;
  library_device first_{1};
  library_device second_{2};
  library_device b_{3};
  library_device c_{4};
};

constexpr std::array policies{conflict_policy::last_writer_wins,
                              conflict_policy::first_writer_wins,
                              conflict_policy::field_merge};

} // namespace

TEST(decision_property, hangs_on_neither_who_leads_nor_how_it_was_proposed) {
  for_each_seed(60, [](std::uint64_t seed) {
    offline_writers devices{seed, policies[seed % policies.size()]};
    devices.write_much();
    const auto list = devices.in_any_order();
    EXPECT_EQ(devices.decided_at_once(list), devices.decided_in_pieces(list));
  });
}

TEST(decision_property, of_two_changes_hangs_not_on_which_arrives_first) {
  for_each_seed(60, [](std::uint64_t seed) {
    offline_writers devices{seed, seed % 2 == 0
                                    ? conflict_policy::last_writer_wins
                                    : conflict_policy::field_merge};
    devices.write_each_once();
    const auto one
      = devices.decided_at_once(devices.one_before_the_other(true));
    const auto other
      = devices.decided_in_pieces(devices.one_before_the_other(false));
    EXPECT_EQ(one.notes, other.notes);
    std::multiset<std::string> lost_in_one;
    std::multiset<std::string> lost_in_other;
    for (const auto& kept : one.kept)
      lost_in_one.insert(std::get<3>(kept));
    for (const auto& kept : other.kept)
      lost_in_other.insert(std::get<3>(kept));
    EXPECT_EQ(lost_in_one, lost_in_other);
  });
}

} // namespace lockstep
