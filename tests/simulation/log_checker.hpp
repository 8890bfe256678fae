#pragma once

#include "messages/operation.hpp"
#include "persistence/sync_log_store.hpp"
#include "tests/simulation/verdict.hpp"
#include "tests/simulation/world.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace lockstep::simulation {

using operation_key = std::pair<device_id, device_sequence_number>;

/// Reads each device's log whenever it has changed and checks what holds at
/// any time: P1 (one order), P2 (one leader per ballot), P3 (nothing twice in
/// one log), P6 (versions rise), P7 (what is stable stays), and the
/// chain.
class log_checker {
public:
  log_checker(world& where, verdict& result) : world_(where), result_(result) {
  }

  /// What the device's log has become, if it changed.
  void look(device& which);
  /// Lets go of the device's files.
  void forget(device& which);
  /// Its log is gone for good.
  void forget_log(device& which);
  /// What the device's files hold, also of a copy that was not opened yet.
  [[nodiscard]] std::set<log_position> held_by(const device& which) const;
  /// A copy with these entries is in the place of its files. Of what a majority
  /// was said to hold, that which no member's files hold now is lost.
  void put_back(device& which, std::set<log_position> copy);

  /// A device said of this operation that every member holds it: they must, and
  /// it must stay where it is.
  void check_stable(const device& said, const operation_key& made);

  /// A device said of this operation that a majority holds it: one must, and
  /// no device's log may ever lose it or come to hold something newer there.
  void check_settled(const device& said, const operation_key& made);
  [[nodiscard]] std::size_t settled() const {
    return settled_.size();
  }

  /// What a device's log says of another's membership.
  struct membership {
    sequence_number at;
    device_id who;
    bool removed = false;
    /// When it came to be so.
    duration since{};
  };
  /// The newest that the log says of `who`; null when it does not name it.
  [[nodiscard]] const membership* membership_of(const device& which,
                                                device_id who) const;
  /// When the device's log last said something else of members than before.
  [[nodiscard]] duration members_changed(const device& which) const;

  /// Whether the library goes on without this device: it was removed, or let in
  /// by one that was, so that the others do not know of it.
  [[nodiscard]] bool is_out(const device& which) const;

  /// Whether a log of a device other than this one holds the operation's whole
  /// transaction, and nobody removed that: half of one is cut.
  [[nodiscard]] bool is_elsewhere(const device& than,
                                  const operation_key& made) const;
  [[nodiscard]] bool is_in_log_of(const device& which,
                                  const operation_key& made) const;

  /// How many logs have forgotten deletions.
  [[nodiscard]] std::uint64_t forgetful() const;

  /// Where a device's log ended when it was last seen.
  [[nodiscard]] log_position end_of(const device& which) const;
  /// All of a device's log, with what was vacuumed.
  std::vector<entry> read_all(device& which);

  /// Entries that are not in a log, but something of it that was built on them,
  /// if through others: where a log is given back, what was vacuumed from it is
  /// history that nobody has any more.
  [[nodiscard]] std::vector<entry>
  outlived_by(const std::vector<entry>& log) const;

  /// Whether the run is long enough for that.
  [[nodiscard]] bool members_may_be_stale() const;

  /// Ballots that a device was seen to hold.
  std::set<ballot> ballots;
  /// Operations that a device was giving back when it lost the tables that had
  /// them then.
  std::set<operation_key> gone_with_tables;
  /// Entries that went from a log again.
  std::uint64_t given_back = 0;

private:
  using record_key = std::pair<std::string, record_id>;

  /// A record's newest entry.
  struct standing {
    version_number version;
    log_position at;
    bool deleted = false;
  };

  struct line {
    log_position position;
    std::uint64_t chain = 0;
    operation_key made;
    record_key record;
    standing before;
  };

  struct mirror {
    std::optional<sync_log_reader> reader;
    std::uint64_t changes = 0;
    std::vector<line> lines;
    /// Where the transaction ends that an operation is in.
    std::map<operation_key, sequence_number> made;
    std::map<record_key, standing> records;
    std::vector<membership> members;
    duration members_changed{};
  };

  [[nodiscard]] bool is_removed(const device& which) const;
  /// Whether who let it in was removed or lost its log, or was let in so.
  [[nodiscard]] bool was_let_in_by_a_lost_one(const device& which) const;
  /// Whether its log says of somebody there that it is removed, and they have
  /// not heard of that: through nobody else do they hear each other.
  [[nodiscard]] bool removed_one_of(const device& which,
                                    const std::set<owner>& company) const;
  /// Whether somebody of those whom it hears let one of these in, and lost the
  /// log that says so.
  [[nodiscard]] bool forgot_letting_in(const device& which,
                                       const std::set<owner>& company) const;
  [[nodiscard]] bool name_each_other(const device& a, const device& b) const;
  /// Those whom a device hears, if through others of `takes_part`.
  [[nodiscard]] std::set<owner>
  company_of(const device& first,
             const std::function<bool(const device&)>& takes_part) const;
  /// The most members that hear each other so.
  [[nodiscard]] std::set<owner> largest_company() const;

  /// Whether the device's log has what was built on the operation instead.
  [[nodiscard]] bool is_outlived(const device& which,
                                 const operation_key& made) const;

  /// Whether a device that had this comes back without it, and followed one
  /// that was removed: its copy cannot know of that, nor can what it then is
  /// told be told from what the others have.
  [[nodiscard]] bool was_led_astray(const log_position& from) const;
  /// Whether nobody's files say any more that a member was removed, as some
  /// were lost or are older ones: it counts again, and may lead.
  [[nodiscard]] bool is_removal_lost() const;

  bool open(device& which, mirror& into);
  /// Drops what the log does not hold any more.
  void step_back(device& which, mirror& what);
  void take(device& which, mirror& into, const entry& next);
  /// Entries that were seen and vacuumed since: those between `last` and
  /// `next`, which continues them.
  std::vector<entry> gone_between(const device& which, sequence_number last,
                                  const entry& next);
  /// The members as the device's log names them up to there; the value says
  /// whether each is one.
  [[nodiscard]] std::map<device_id, bool> members_at(const device& which,
                                                     sequence_number at) const;
  void check_first_seen(device& which, const entry& next);
  void note_member(mirror& into, const entry& next);
  /// Versions rise along the log, until a deletion is forgotten by who leads.
  void check_version(const device& which, mirror& into, const entry& next,
                     const standing& before);

  world& world_;
  verdict& result_;
  std::map<owner, mirror> mirrors_;
  std::map<std::pair<sequence_number, ballot>, entry> known_;
  std::set<log_position> stable_;
  /// First entries of records whose deletion was forgotten.
  std::set<log_position> anew_;
  /// What a majority was said to hold.
  std::map<sequence_number, log_position> settled_;
  /// What was stable and is not in a copy that was put back.
  std::map<log_position, std::set<owner>> lacked_by_;
  /// Copies that were put back and not looked at since.
  std::map<owner, std::set<log_position>> copies_;
};

/// "entry 7 (term 2 of …)".
std::string named(const entry& what);

} // namespace lockstep::simulation
