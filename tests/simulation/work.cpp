#include "tests/simulation/work.hpp"

#include "tests/simulation/table_checker.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>

namespace lockstep::simulation {

namespace {

constexpr std::uint64_t written_names = 12;
constexpr std::uint64_t most_notes = 12;
constexpr std::uint64_t bulk_rows = 150;
/// More than travel in one piece.
constexpr std::int64_t large_rows = 4'200;

} // namespace

sql_statement work::sql(std::string text, std::vector<sql_value> values) {
  return {std::move(text), std::move(values)};
}

std::string work::fresh_text() {
  return text_of_number(++texts_);
}

std::string work::fresh_text(draft& to) {
  to.texts.push_back(fresh_text());
  return to.texts.back();
}

record_id work::fresh_id() {
  const auto number = ++texts_;
  return record_id{make_uuid_v7(1'767'225'600'000 + number, number,
                                world_.run.draw(~std::uint64_t{0}))};
}

record_id work::any_note() {
  if (notes_.size() < most_notes) {
    notes_.push_back(fresh_id());
    return notes_.back();
  }
  return notes_[world_.run.draw(notes_.size())];
}

void work::add_note(draft& to) {
  const auto id = fresh_id();
  const nlohmann::json image{{"uuid", to_string(id)},
                             {"text", fresh_text(to)},
                             {"stars", world_.run.draw(5)}};
  to.steps.push_back(
    record_change{"note", id, change_type::insert, image.dump()});
}

/// Many devices edit the same few, delete them and make them again.
void work::edit_note(draft& to) {
  const auto id = any_note();
  if (world_.run.one_in(4)) {
    to.steps.push_back(record_change{"note", id, change_type::remove, {}});
    return;
  }
  const nlohmann::json image{{"uuid", to_string(id)},
                             {"text", fresh_text()},
                             {"stars", world_.run.draw(5)}};
  to.steps.push_back(
    record_change{"note", id, change_type::update, image.dump()});
}

void work::add_label(draft& to) {
  to.steps.push_back(sql(
    "INSERT OR IGNORE INTO label(uuid, name, text) VALUES(?, ?, ?)",
    {to_string(fresh_id()),
     "name " + std::to_string(world_.run.draw(written_names)), fresh_text()}));
  if (world_.run.one_in(3))
    to.steps.push_back(
      sql("DELETE FROM label WHERE name = ?",
          {"name " + std::to_string(world_.run.draw(written_names))}));
}

void work::add_group(draft& to, std::uint64_t size) {
  ++groups_;
  for (std::uint64_t i = 0; i < size; ++i)
    to.steps.push_back(
      sql("INSERT INTO batch(uuid, grp, size, text) VALUES(?, ?, ?, ?)",
          {to_string(fresh_id()), groups_, static_cast<std::int64_t>(size),
           fresh_text(to)}));
}

void work::add_large_group(draft& to) {
  ++groups_;
  const auto first = fresh_id();
  to.steps.push_back(sql(
    "INSERT INTO batch(uuid, grp, size, text) WITH RECURSIVE n(i) AS (SELECT 1"
    " UNION ALL SELECT i + 1 FROM n WHERE i < ?3) SELECT substr(?1, 1, 24) ||"
    " printf('%012x', i), ?2, ?3, NULL FROM n",
    {to_string(first), groups_, large_rows}));
}

void work::add_numbered(draft& to) {
  to.steps.push_back(
    sql("INSERT INTO album(text) VALUES(?)", {fresh_text(to)}));
  for (std::uint64_t i = world_.run.draw(3); i > 0; --i)
    to.steps.push_back(
      sql("INSERT INTO photo(album, text) SELECT max(id), ? FROM album",
          {fresh_text(to)}));
}

void work::change_numbered(draft& to) {
  const auto some = static_cast<std::int64_t>(world_.run.draw(4));
  switch (world_.run.draw(5)) {
    case 0:
      to.steps.push_back(
        sql("DELETE FROM album WHERE id = (SELECT id FROM album WHERE id NOT IN"
            " (SELECT album FROM photo) ORDER BY id LIMIT 1 OFFSET ?)",
            {some}));
      break;
    case 1:
      to.steps.push_back(
        sql("DELETE FROM photo WHERE id = (SELECT id FROM photo ORDER BY id"
            " LIMIT 1 OFFSET ?)",
            {some}));
      break;
    case 2:
      to.steps.push_back(
        sql("UPDATE album SET text = ? WHERE id = (SELECT id FROM album ORDER"
            " BY id DESC LIMIT 1 OFFSET ?)",
            {fresh_text(), some}));
      break;
    case 3:
      to.steps.push_back(
        sql("UPDATE photo SET album = (SELECT id FROM album ORDER BY id LIMIT 1"
            " OFFSET ?2), text = ?1 WHERE id = (SELECT max(id) FROM photo) AND"
            " (SELECT count(*) FROM album) > ?2",
            {fresh_text(), some}));
      break;
    default:
      to.steps.push_back(
        sql("INSERT INTO photo(album, text) SELECT id, ? FROM album ORDER BY id"
            " LIMIT 1 OFFSET ?",
            {fresh_text(), some}));
  }
}

draft work::make() {
  draft made;
  if (large_is_due_ && world_.run.one_in(30)) {
    large_is_due_ = false;
    add_large_group(made);
    return made;
  }
  const auto parts = 1 + world_.run.draw(3) / 2;
  for (auto i = parts; i > 0; --i)
    switch (world_.run.draw(12)) {
      case 0:
      case 1:
        add_note(made);
        break;
      case 2:
      case 3:
      case 4:
        edit_note(made);
        break;
      case 5:
      case 6:
        add_label(made);
        break;
      case 7:
        add_group(made, 2 + world_.run.draw(8));
        break;
      case 8:
        add_group(made, world_.run.one_in(6) ? bulk_rows : 2);
        break;
      case 9:
        add_numbered(made);
        break;
      default:
        change_numbered(made);
    }
  // One part may undo another, and then nothing of it needs to be kept.
  if (parts > 1)
    made.texts.clear();
  return made;
}

draft work::make_page_edits() {
  return pages_.make(1 + world_.run.draw(3));
}

void work::act(device& on) {
  const bool on_pages = what_ == workload::conflicts && !world_.run.one_in(10);
  if (!on_pages && world_.run.one_in(6))
    return write_as_another_program(on);
  auto what = on_pages ? make_page_edits() : make();
  const auto wait = world_.run.one_in(5)   ? receipt_state::sequenced
                    : world_.run.one_in(8) ? receipt_state::stable
                                           : receipt_state::local;
  world_.say("a commit of " + std::to_string(what.steps.size()) + " on "
             + on.name + ", texts up to " + std::to_string(texts_));
  ++commits;
  waiting_.push_back(
    {on.number, std::move(what.texts), wait,
     world_.request<receipt>(on.shared.library,
                             commit_transaction{std::move(what.steps), wait})});
}

std::uint64_t
work::renumbered(const std::map<std::string, std::int64_t>& now) const {
  std::uint64_t count = 0;
  for (const auto& [text, number] : numbers_)
    if (const auto found = now.find(text);
        found != now.end() && found->second != number)
      ++count;
  return count;
}

bool work::names_one_outside(const device& which) const {
  return std::ranges::any_of(world_.devices, [&](const device& one) {
    const auto* said = logs_.membership_of(which, one.id);
    return said != nullptr && !said->removed && logs_.is_out(one);
  });
}

std::string work::waits() const {
  for (const auto& one : waiting_)
    if (const auto& on = world_.devices.at(static_cast<std::size_t>(one.on));
        !logs_.is_out(on)
        && !(one.until == receipt_state::stable && names_one_outside(on)))
      return "a commit on " + on.name + " has no answer, wanted when it is "
             + std::string{to_string(one.until)};
  return {};
}

void work::collect() {
  std::set<owner> answered;
  for (auto& one : waiting_)
    if (one.answer->has_value()) {
      take(one);
      answered.insert(one.on);
    }
  std::erase_if(waiting_,
                [](const waiting& one) { return one.answer->has_value(); });
  for (const auto number : answered)
    if (auto& on = world_.devices.at(static_cast<std::size_t>(number)); on.up)
      numbers_.merge(numbers_of(world_, on));
}

void work::take(waiting& one) {
  const auto& answer = **one.answer;
  const auto& on = world_.devices.at(static_cast<std::size_t>(one.on));
  if (!answer) {
    ++refused;
    world_.say(on.name + " refused: " + answer.error().message);
    return;
  }
  ledger_.acknowledge(*answer);
  if (answer->last && answer->state == receipt_state::stable)
    logs_.check_stable(on, {answer->device, answer->last});
  else if (answer->last && answer->state == receipt_state::sequenced
           && world_.limits.leadership.consistency == consistency::quorum)
    logs_.check_settled(on, {answer->device, answer->last});
  for (auto& text : one.texts)
    ledger_.expect_text(std::move(text), *answer);
  world_.say(on.name + " answered " + to_string(answer->first) + " to "
             + to_string(answer->last));
}

void work::write_as_another_program(device& on) {
  draft what;
  const auto id = fresh_id();
  const auto text = fresh_text(what);
  ++foreign;
  try {
    SQLite::Database file{world_.database_of(on).string(),
                          SQLite::OPEN_READWRITE, 50};
    file.exec("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; BEGIN"
              " IMMEDIATE");
    file.exec("INSERT INTO note VALUES('" + to_string(id) + "', '" + text
              + "', 1)");
    if (world_.run.one_in(2))
      file.exec("UPDATE album SET text = '" + fresh_text()
                + "' WHERE id % 3 = 1");
    // Before it is captured, the next program may write over it.
    if (world_.run.one_in(2))
      file.exec("INSERT INTO album(text) VALUES('" + fresh_text() + "')");
    file.exec("COMMIT");
    for (auto& one : what.texts)
      ledger_.expect_text(std::move(one), on.id);
    world_.say("another program wrote on " + on.name + ", texts up to "
               + std::to_string(texts_));
  } catch (const SQLite::Exception& problem) {
    world_.say("another program could not write on " + on.name + ": "
               + problem.what());
  }
  if (world_.run.one_in(2))
    world_.request<done>(on.shared.library, database_written{});
}

} // namespace lockstep::simulation
