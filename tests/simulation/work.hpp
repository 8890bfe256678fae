#pragma once

#include "tests/simulation/draft.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/options.hpp"
#include "tests/simulation/page_edits.hpp"
#include "tests/simulation/world.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// What people and programs do on the devices meanwhile.
class work {
public:
  work(world& where, ledger& book, log_checker& logs, workload what)
    : world_(where), ledger_(book), logs_(logs), what_(what) {
  }

  /// Does something drawn on this device, which is up and ready.
  void act(device& on);

  /// Takes the answers that have come.
  void collect();

  /// How many rows have another number than the one they were made with.
  [[nodiscard]] std::uint64_t
  renumbered(const std::map<std::string, std::int64_t>& now) const;

  /// Which commit still waits for its answer; empty when none does.
  [[nodiscard]] std::string waits() const;

  std::uint64_t commits = 0;
  std::uint64_t refused = 0;
  std::uint64_t foreign = 0;

private:
  struct waiting {
    owner on = nobody;
    std::vector<std::string> texts;
    receipt_state until = receipt_state::local;
    std::shared_ptr<std::optional<expected<receipt>>> answer;
  };

  /// Whether the device counts one as a member that is out: what it writes
  /// never becomes stable then.
  [[nodiscard]] bool names_one_outside(const device& which) const;
  draft make();
  draft make_page_edits();
  void add_note(draft& to);
  void edit_note(draft& to);
  void add_label(draft& to);
  void add_group(draft& to, std::uint64_t size);
  /// So many rows that the transaction travels in pieces.
  void add_large_group(draft& to);
  void add_numbered(draft& to);
  void change_numbered(draft& to);
  void write_as_another_program(device& on);
  void take(waiting& one);

  static sql_statement sql(std::string text, std::vector<sql_value> values);
  std::string fresh_text(draft& to);
  std::string fresh_text();
  record_id fresh_id();
  record_id any_note();

  world& world_;
  ledger& ledger_;
  log_checker& logs_;
  workload what_;
  std::vector<record_id> notes_;
  std::vector<waiting> waiting_;
  /// The numbers that new rows had at first, by their texts.
  std::map<std::string, std::int64_t> numbers_;
  bool large_is_due_ = world_.run.one_in(20);
  std::uint64_t texts_ = 0;
  std::int64_t groups_ = 0;
  page_edits pages_{world_.run, texts_};
};

} // namespace lockstep::simulation
