#pragma once

#include "actors/library.hpp"
#include "persistence/file_notifier.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/library_sequencer.hpp"
#include "persistence/library_store.hpp"
#include "persistence/library_writer.hpp"
#include "persistence/write_marks.hpp"
#include "protocol/first_sync.hpp"
#include "protocol/library_clock.hpp"
#include "protocol/receipt_book.hpp"
#include "protocol/vacuum_schedule.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>

namespace lockstep {

class forgotten_records;

/// The library actor's state. Writes wait in one queue; each turn takes those
/// of one kind at its front, runs them in one transaction and one append, and
/// answers each by itself. Nothing else runs while an append is under way.
class library_state {
public:
  static inline const char* name = "library";

  using receipt_promise = caf::typed_response_promise<receipt>;
  using head_promise = caf::typed_response_promise<log_head>;

  void start(library_actor::pointer self, library_setup setup);

  void submit(commit_transaction request, receipt_promise promise);
  void submit(log_changes request, receipt_promise promise);
  void submit(sequence_operations request,
              caf::typed_response_promise<operations_sequenced> promise);
  void submit(apply_entries request, head_promise promise);
  void submit(yield_log request, head_promise promise);
  void submit(resolve_conflict request, receipt_promise promise);
  void submit(track_table request,
              caf::typed_response_promise<tracked_table> promise);
  void submit(untrack_table request,
              caf::typed_response_promise<untracked_table> promise);
  void submit(read_set_aside request,
              caf::typed_response_promise<set_aside_list> promise);
  void submit(detach_database, caf::typed_response_promise<done> promise);
  void submit(write_index_batch request,
              caf::typed_response_promise<done> promise);
  void submit(role_changed request);
  void submit(close_library request, caf::typed_response_promise<done> promise);

  /// Takes the next turn.
  void turn();

  /// Has a turn capture what other programs wrote, if they did. Costs next to
  /// nothing when they did not.
  void look_at_database();

  void meet(library_neighbours neighbours);
  void advance_stable(sequence_number stable);
  void advance_held(sequence_number held);
  void move_vacuum_bound(const vacuum_bounds& now);
  caf::typed_response_promise<vacuum_result>
  vacuum(const vacuum_library& request);
  /// Vacuums the log if that is due.
  void look_for_vacuum();
  void hear_leader(const leader_time& what);
  void hear_target(const first_sync_target& what);
  caf::result<receipt> find_receipt(const receipt_query& query);
  caf::result<pending_batch> pending_after(const fetch_pending& request);
  /// Writes down a member as the log is to have it.
  caf::typed_response_promise<receipt> describe(const member_description& what);
  caf::result<members_changed> members();
  caf::result<member_descriptions> descriptions();
  caf::result<sql_rows> query(const sql_query& request);
  caf::result<record_image> read(const read_record& request);
  caf::result<record_list> read(const read_records& request);
  caf::result<table_list> tables();
  caf::result<conflict_list> conflicts(const read_conflicts& request);
  caf::typed_response_promise<library_status> status();
  caf::result<library_digest> digest();
  caf::result<library_report> check();

private:
  /// The lease's end as it was when the leadership changed last.
  expected<library_status> own_status();
  /// A host's write: what it runs, and how it is answered.
  struct write {
    std::function<expected<operation_range>(library_writer&, operation_keeper&)>
      run;
    receipt_state wait_for = receipt_state::local;
    std::function<void(expected<receipt>)> answer;
    /// Refused on a device that does not lead.
    bool leader_only = false;
  };
  /// Anything that takes a turn of its own.
  using job = std::function<void()>;
  using queued = std::variant<write, job>;

  /// How far one write of a turn came.
  struct outcome {
    write what;
    operation_range made;
    failure why{errc::none, {}};
  };
  using outcomes = std::shared_ptr<std::vector<outcome>>;

  void enqueue(queued what);
  /// Queues a host's write, or refuses it: closing, or too much waits.
  void enqueue_write(write what);
  void schedule();

  void run_writes(std::vector<write> list);
  /// Asks the leadership actor, which alone knows the lease, as it moves with
  /// each heartbeat; nothing where that does not answer.
  void ask_who_leads(std::function<void(const leadership_view*)> then);
  void refuse_to_lead(std::function<void(expected<receipt>)> answer);
  /// Keeps what other programs wrote meanwhile: it comes before whatever else
  /// the transaction does, which might overwrite it. What cannot be captured is
  /// reported and waits; fails only where the transaction has ended.
  expected<void> take_captured(library_writer& hand, operation_keeper& keeper);
  /// Has another actor tell when database.db is written; ends with
  /// `watch_end_`.
  void watch_database();
  /// Whether the triggers noted rows that are not captured. Throws.
  bool notes_wait();
  void end_capture(const expected<receipt>& turned);
  void put_capture_off(const failure& why);
  /// Says it once; empty when there is no problem any more.
  void report_capture(std::string problem);
  /// Runs each write in the open transaction; one that fails fails alone.
  outcomes run_each(std::vector<write>& list, operation_keeper& keeper);
  void write_pending(std::vector<write> list);
  /// Where the log ends, once the tables show all of it.
  expected<log_head> end_to_build_on();
  /// Opens a transaction for entries that this device, as leader, gives their
  /// place.
  expected<std::shared_ptr<log_draft>> open_draft();
  void write_sequenced(std::vector<write> list);
  void finish(const outcomes& done);
  void answer_all(std::vector<write>& list, const failure& why);
  static void fail_all(std::vector<outcome>& list, const failure& why);

  void sequence(const sequence_operations& request,
                caf::typed_response_promise<operations_sequenced> promise);
  [[nodiscard]] bool has_table(std::string_view model) const;
  /// Whether the leadership goes to a member that has tables which are lacking
  /// here. Not for a while after it could not go there.
  [[nodiscard]] bool hands_over(device_id to,
                                const std::vector<std::string>& tables);
  void apply(const apply_entries& request, head_promise promise);
  void yield(const yield_log& request, head_promise promise);
  void cut_log(const yield_log& request, head_promise promise);
  void change_role(const leadership_view& now);
  /// A new leader's first turn: cuts half a transaction at the log's end and
  /// gives its own pending operations their place.
  void take_office();
  expected<void> sequence_pending(log_draft& draft);
  /// Where it takes a majority, a leader's log begins with an entry of its own,
  /// if with one that does nothing: what older leaders left counts with it.
  expected<void> open_office(log_draft& draft);
  /// A leader that cannot put its own house in order must not lead.
  void fail_office(const failure& why);
  void close(caf::typed_response_promise<done> promise);
  /// Has `change` run among the writes; what is known of the tables is read
  /// anew when their transaction fails.
  template <class Answer, class Change>
  void change_tables(std::function<void(expected<Answer>)> reply,
                     Change change);
  /// Tables are tracked once the first sync is over: until then their rows
  /// would be some of those that there are.
  struct waiting_table {
    track_table request;
    std::function<void(expected<tracked_table>)> reply;
  };
  void begin_tracking(waiting_table what);
  expected<untracked_table> untrack(const untrack_table& request);
  expected<operation_range> track(const track_table& request,
                                  library_writer& writer,
                                  operation_keeper& keeper,
                                  tracked_table& answer);
  /// The policy is a record of the log, where it is to be another one.
  expected<operation_range> choose_policy(const track_table& request,
                                          const tracked_table_schema& schema,
                                          library_writer& writer,
                                          operation_keeper& keeper);

  /// Once the log has taken a draft: the tables are committed, or follow. Fails
  /// where something is lost, or may be, that the log does not bring back.
  expected<void> finish_append(log_draft& draft, const log_head& head);
  void tell_appended(log_draft& draft, const log_head& head);

  /// Hands a draft to the log; with the transaction on the store open. On
  /// success the transaction is committed and everybody is told, else it is
  /// rolled back; then `next` runs.
  void append(std::shared_ptr<log_draft> draft,
              std::function<void(expected<log_head>)> next);
  expected<void> catch_up(library_applier::chunk fresh);
  /// Once caught up: ends what waits for entries that were vacuumed.
  expected<void> settle_vacuumed();
  /// Of own operations that a log held which was cut, some have no entry that
  /// would come again: it was vacuumed, for something was built on it.
  void note_outlived(const std::vector<device_sequence_number>& cut);
  /// They have their place once all that was taken back has.
  void settle_outlived();
  expected<void> drop_outlived_rows();
  /// Catches up; where that fails, says so and tries again in a while.
  void follow_log(library_applier::chunk fresh);
  void try_later();
  void tell_pending();
  expected<sequence_number> applied_sequence();
  /// What a vacuum would be asked for, once database.db is on the disk as far
  /// as the log is to go.
  expected<vacuum_old_entries> vacuum_wish(timestamp before);
  /// Entries made before this are old enough to go from the log.
  timestamp kept_from();
  void look_for_vacuum_later();
  /// The log was vacuumed: what it has forgotten is forgotten here, too, in
  /// steps with other work between them.
  void forget_records();
  void go_on_forgetting(std::shared_ptr<forgotten_records> what);

  void recover_first_sync();
  void advance_first_sync(const library_applier::chunk& list);
  void tell_first_sync();
  /// Once all that there was is in the tables, or this device leads.
  void end_first_sync();
  /// Why the library cannot be read yet.
  [[nodiscard]] std::optional<failure> why_incomplete() const;

  void note_entries(const library_applier::chunk& list, bool own);
  /// The same for own ones that only the log holds all of.
  void note_large(sequence_number after, sequence_number through);
  void note_entry(const entry& what);
  [[nodiscard]] bool is_unhandled(const entry& what) const;
  /// One event for all of them: there may be as many as a log has entries.
  void publish_unhandled(const library_applier::chunk& list, bool is_piece);
  void publish(event_body body);
  void send_answers();
  void send_members();
  /// Those that were not removed; this device alone where that cannot be read.
  std::uint32_t member_count();
  [[nodiscard]] bool leads() const;
  /// Leads, and is a member still: a leader that was removed only waits for
  /// another one to have what it holds.
  [[nodiscard]] bool sequences() const;
  /// Whether an order under this ballot comes too late.
  [[nodiscard]] bool outranks(const ballot& under) const;
  /// Stops leading when somebody else leads under a newer ballot; the
  /// leadership actor will say so too.
  void obey(const ballot& under);
  [[nodiscard]] failure not_leader() const;
  timestamp now();
  library_clock::reading read_clocks();
  void tell_clock();
  record_id make_record_id();
  library_writer writer();
  library_sequencer sequencer(log_draft& draft);
  library_applier applier();

  library_actor::pointer self_ = nullptr;
  library_setup setup_;
  std::shared_ptr<library_store> store_;
  library_clock clock_{std::chrono::minutes{5}, {}};
  /// Own operations up to here keep their times: they agreed with the leader's,
  /// or may be under way to it, and are known by them.
  device_sequence_number stamped_well_;
  std::mt19937_64 random_;
  /// What this library acts on, and what leadership said last: they differ
  /// while taking office is still due.
  leadership_view leadership_;
  leadership_view announced_;
  bool office_due_ = false;
  /// The members could not be read when they changed.
  bool members_due_ = false;
  /// Since they changed last, if it was asked for.
  std::optional<std::uint32_t> member_count_;
  /// This device, by its own log.
  bool is_removed_ = false;
  /// Some are named only by what was given back of the log.
  bool lacks_members_ = false;
  /// The tables lack entries that the log holds.
  bool behind_ = false;
  /// Since the library was opened, they had all of them at some time.
  bool has_caught_up_ = false;
  /// Where the turn before this one, which only wrote, has left the log and the
  /// tables. The log takes entries from nobody else, and looks whether it ends
  /// there before it takes more.
  std::optional<log_head> log_end_;
  /// While this device leads.
  std::optional<open_conflicts> conflicts_;
  /// When the timer of the last failure is due, and how many there were in a
  /// row.
  time_point next_retry_;
  std::uint32_t failed_tries_ = 0;
  /// Since when nothing needs to be captured, as far as is known.
  std::optional<write_marks> looked_at_;
  bool capture_queued_ = false;
  time_point next_capture_;
  /// As in library_status.
  std::string capture_problem_;
  std::optional<wait_end> watch_end_;
  /// What keeps the tables from following the log.
  failure problem_{errc::none, {}};
  first_sync first_sync_;
  std::vector<waiting_table> waiting_tables_;
  /// The entries applied last are a piece of a transaction that goes on.
  bool amid_transaction_ = false;
  sequence_number stable_;
  /// A majority holds the log up to here.
  sequence_number held_;
  vacuum_bounds vacuum_;
  vacuum_schedule vacuum_schedule_;
  /// The log may hold numbers of operations of which no entry came.
  bool vacuumed_due_ = true;
  /// It was as long as the leader's when it got them.
  bool is_whole_ = false;
  std::vector<device_sequence_number> outlived_;
  /// Some of the rows may be ones whose deletion the log has forgotten.
  bool outlived_rows_due_ = false;
  library_neighbours neighbours_;
  /// A hand-over to who has tables that are lacking here is under way; and
  /// until when those who could not lead are not asked to again.
  bool handing_over_ = false;
  std::map<device_id, time_point> keeps_leading_over_;
  std::deque<queued> queue_;
  bool turn_scheduled_ = false;
  bool closing_ = false;
  /// Nothing of Lockstep's is left in database.db.
  bool detached_ = false;
  receipt_book receipts_{device_id{}};
  std::map<receipt_book::ticket, std::function<void(expected<receipt>)>>
    waiting_;
  receipt_book::ticket next_ticket_ = 1;
};

} // namespace lockstep
