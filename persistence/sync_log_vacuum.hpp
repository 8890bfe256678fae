#pragma once

#include "persistence/entry_archive.hpp"
#include "persistence/record_filter.hpp"
#include "persistence/sync_log_store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace lockstep {

/// One vacuum of a log, by compaction: removes entries below the request's
/// `through` (a member's log may end there and must find its end again) that a
/// later entry of the same record up to there supersedes (has as `previous`),
/// where both are older than the request says. A transaction keeps its end as
/// long as anything of it is left, and the log each device's newest operation:
/// whoever fetches the log learns from it which numbers are used up. A deletion
/// goes, too, where it is old and up to `forget_through`, once nothing of its
/// record is left before it; who fetches the log then never hears of either
/// (protocol/forgetting.hpp).
///
/// Goes in steps of some milliseconds, one transaction at most each, so that
/// appends come in between. A failure or a crash leaves some of the entries
/// removed, which is harmless. What is archived is in the archive before it
/// leaves the log.
class sync_log_vacuum {
public:
  /// `log` outlives this. Nothing else vacuums it meanwhile.
  sync_log_vacuum(sync_log_store& log, const vacuum_old_entries& wish);

  /// The next step; false once there is nothing left to do.
  expected<bool> step();

  [[nodiscard]] const vacuum_result& result() const {
    return result_;
  }

private:
  using connection = sync_log_store::connection;

  expected<bool> begin();
  /// Finds out what is superseded in a part of the log.
  expected<bool> look();
  /// Removes what can go of some entries of that part.
  expected<bool> remove();
  bool begin_part(std::uint64_t first);
  void note_young(timestamp made);
  /// Keeps who made what the entries from `after` to `at_` follow on.
  void note_bases(std::uint64_t after);
  /// What of an entry says whether it may go.
  struct candidate {
    log_head end;
    timestamp made;
    /// By the numbers that stand for them in the log.
    std::int64_t device = 0;
    std::int64_t model = 0;
    record_id record;
    bool is_deletion = false;
    bool is_superseded = false;

    [[nodiscard]] std::uint64_t sequence() const {
      return end.position.sequence.value;
    }
  };
  std::vector<candidate> outdated_ones();
  bool is_outdated(const candidate& what, bool closes_others);
  bool may_be_forgotten(const candidate& what);
  /// Up to which of them, so that not too much is read at once.
  expected<std::size_t> archive(const std::vector<candidate>& outdated);
  void erase(const std::vector<candidate>& outdated);

  [[nodiscard]] std::uint64_t last_of_part() const {
    return first_ + superseded_.size() - 1;
  }

  connection& log_;
  timestamp before_;
  std::uint64_t forget_through_;
  std::optional<entry_archive> archive_;
  vacuum_result result_;
  /// The last entry that may go, and the last that may supersede it.
  std::uint64_t end_ = 0;
  std::uint64_t bound_ = 0;
  /// Records of which something stays.
  record_filter held_;
  /// Which entries of the part under way are superseded: one bit each.
  std::uint64_t first_ = 0;
  std::vector<bool> superseded_;
  /// Each device's newest operation in it, and where that stands; by the number
  /// that stands for the device in the log.
  std::map<std::int64_t, std::pair<std::uint64_t, std::uint64_t>> newest_;
  enum class phase { beginning, looking, removing } phase_ = phase::beginning;
  /// Where the phase under way goes on.
  std::uint64_t at_ = 0;
  /// Whether the last look at entries came to the part's end.
  bool part_ends_ = false;
};

} // namespace lockstep
