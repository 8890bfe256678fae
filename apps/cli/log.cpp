#include "apps/cli/log.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"
#include "persistence/entry_archive.hpp"

#include <condition_variable>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>

namespace lockstep::cli {

namespace {

constexpr std::uint32_t page = 1'000;
/// How often it is looked whether anybody still follows.
constexpr std::chrono::milliseconds leave_pause{250};

struct log_arguments {
  std::string library;
  std::uint64_t since = 0;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool follow = false;
  bool archived = false;
  std::string model;
  std::string record;
};

/// Wakes who waits when anything happens in a library.
class news {
public:
  void tell() {
    const std::lock_guard lock{mutex_};
    there_ = true;
    told_.notify_all();
  }
  void wait(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    told_.wait_for(lock, patience, [this] { return there_; });
    there_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable told_;
  bool there_ = false;
};

/// Calls `take` for entries after `since`, which goes along, until it returns
/// false.
expected<void> walk(library& of, sequence_number& since,
                    const std::function<bool(const entry&)>& take) {
  for (;;) {
    auto list = of.fetch_since(since, page).get();
    if (!list)
      return tl::make_unexpected(list.error());
    for (const auto& what : *list) {
      since = what.sequence;
      if (!take(what))
        return {};
    }
    if (list->empty())
      return {};
  }
}

std::string entry_text(const entry& what) {
  const auto json = entry_json(what);
  return to_string(what.sequence) + "  " + json["timestamp"].get<std::string>()
         + "  " + std::string{to_string(what.change)} + "  " + what.model + " "
         + to_string(what.record) + "  v" + to_string(what.version) + "  "
         + what.data + "\n";
}

void print(const output& out, const entry& what) {
  out.answer(entry_json(what), entry_text(what));
}

/// What vacuum took from the log.
expected<void> archived(const options& given, const log_arguments& what) {
  return with_device(
    given, what.library, [&](open_device& device, library& of) {
      const auto out = given.out();
      auto left = what.limit;
      const entry_archive archive{device.directory() / "libraries"
                                  / to_string(of.id()) / "archive"};
      return archive.read(sequence_number{what.since}, [&](const entry& one) {
        if (left == 0)
          return false;
        print(out, one);
        return --left > 0 && !out.is_over();
      });
    });
}

expected<void> log(const options& given, const log_arguments& what) {
  if (what.archived)
    return archived(given, what);
  const auto follow = [&](open_device& device, library& of) -> expected<void> {
    const auto out = given.out();
    auto left = what.limit;
    if (left == 0)
      return {};
    const auto heard = std::make_shared<news>();
    const auto listening = device.node().subscribe(
      [heard](const event&) { heard->tell(); }, of.id());
    sequence_number last{what.since};
    for (;;) {
      const auto walked = walk(of, last, [&](const entry& one) {
        print(out, one);
        return --left > 0 && !out.is_over();
      });
      if (!walked || !what.follow || left == 0 || out.is_over())
        return walked;
      heard->wait(leave_pause);
    }
  };
  return with_device(given, what.library, follow);
}

expected<void> history(const options& given, const log_arguments& what) {
  const auto record = parse_id<record_id>(what.record);
  if (!record)
    return fail(errc::invalid_argument,
                "\"" + what.record
                  + "\" is no record's id, which is a UUID; lockstep log shows"
                    " them.");
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    auto list = of.history(what.model, *record).get();
    if (!list)
      return tl::make_unexpected(list.error());
    if (list->empty())
      return fail(errc::not_found, "The log holds no record " + what.record
                                     + " of model \"" + what.model + "\".");
    for (const auto& one : *list)
      print(given.out(), one);
    return {};
  });
}

} // namespace

void add_log(commands& all) {
  auto what = std::make_shared<log_arguments>();
  auto& entries
    = add_about_library(all, what, "log", "A library's entries in order",
                        "lockstep log photos --since 100 --limit 10", log);
  const auto not_negative = [](const std::string& text) {
    return text.starts_with('-') ? "It must be 0 or more" : "";
  };
  entries.add_option("--since", what->since, "After this sequence number")
    ->type_name("N")
    ->check(not_negative);
  entries.add_option("--limit", what->limit, "So many at most")
    ->type_name("N")
    ->check(not_negative);
  auto* follow
    = entries.add_flag("--follow", what->follow, "Goes on with what comes");
  entries
    .add_flag("--archived", what->archived,
              "Those that lockstep vacuum --archive took from the log")
    ->excludes(follow);

  auto& record = add_about_library(all, what, "history", "One record's entries",
                                   "lockstep history photos tag"
                                   " 0197d9a2-6f00-7000-8000-000000000001",
                                   history);
  record.add_option("model", what->model, "The record's model")
    ->type_name("MODEL")
    ->required();
  record.add_option("record", what->record, "The record's id")
    ->type_name("RECORD")
    ->required();
}

} // namespace lockstep::cli
