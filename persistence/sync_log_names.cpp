#include "persistence/sync_log_names.hpp"

#include "persistence/sync_log_rows.hpp"

namespace lockstep {

template <class Value, class Load>
const Value& sync_log_names::value(dictionary<Value>& known,
                                   std::int64_t number, Load load) {
  auto found = known.values.find(number);
  if (found == known.values.end()) {
    load();
    found = known.values.find(number);
  }
  if (found == known.values.end())
    found_damage("an entry names something unknown");
  return found->second;
}

const device_id& sync_log_names::device(std::int64_t number) {
  return value(devices_, number, [this] { load_devices(); });
}

const std::string& sync_log_names::model(std::int64_t number) {
  return value(models_, number, [this] { load_models(); });
}

const ballot& sync_log_names::ballot_of(std::int64_t number) {
  return value(ballots_, number, [this] { load_ballots(); });
}

std::int64_t sync_log_names::number_of(const device_id& device) {
  auto found = devices_.numbers.find(device);
  if (found != devices_.numbers.end())
    return found->second;
  load_devices();
  auto [added, is_new]
    = devices_.numbers.try_emplace(device, devices_.newest() + 1);
  if (is_new) {
    auto insert = statements_->use("INSERT INTO devices VALUES(?, ?)");
    insert->bind(1, added->second);
    bind_id(*insert, 2, device);
    insert->exec();
    devices_.values.emplace(added->second, device);
  }
  return added->second;
}

std::int64_t sync_log_names::number_of(const std::string& model) {
  auto found = models_.numbers.find(model);
  if (found != models_.numbers.end())
    return found->second;
  load_models();
  auto [added, is_new]
    = models_.numbers.try_emplace(model, models_.newest() + 1);
  if (is_new) {
    auto insert = statements_->use("INSERT INTO models VALUES(?, ?)");
    insert->bind(1, added->second);
    insert->bind(2, model);
    insert->exec();
    models_.values.emplace(added->second, model);
  }
  return added->second;
}

std::int64_t sync_log_names::number_of(const ballot& what) {
  auto found = ballots_.numbers.find(what);
  if (found != ballots_.numbers.end())
    return found->second;
  load_ballots();
  auto [added, is_new]
    = ballots_.numbers.try_emplace(what, ballots_.newest() + 1);
  if (is_new) {
    auto insert = statements_->use("INSERT INTO ballots VALUES(?, ?, ?)");
    insert->bind(1, added->second);
    insert->bind(2, to_sql(what.term.value));
    insert->bind(3, number_of(what.device));
    insert->exec();
    ballots_.values.emplace(added->second, what);
  }
  return added->second;
}

void sync_log_names::forget() {
  devices_ = {};
  models_ = {};
  ballots_ = {};
}

void sync_log_names::load_devices() {
  auto rows
    = statements_->use("SELECT number, id FROM devices WHERE number > ?");
  rows->bind(1, devices_.newest());
  while (rows->executeStep())
    devices_.add(rows->getColumn(0).getInt64(),
                 read_id<device_id>(rows->getColumn(1)));
}

void sync_log_names::load_models() {
  auto rows
    = statements_->use("SELECT number, name FROM models WHERE number > ?");
  rows->bind(1, models_.newest());
  while (rows->executeStep())
    models_.add(rows->getColumn(0).getInt64(), rows->getColumn(1).getString());
}

void sync_log_names::load_ballots() {
  auto rows = statements_->use(
    "SELECT number, term, device FROM ballots WHERE number > ?");
  rows->bind(1, ballots_.newest());
  while (rows->executeStep())
    ballots_.add(rows->getColumn(0).getInt64(),
                 {term_number{from_sql(rows->getColumn(1).getInt64())},
                  device(rows->getColumn(2).getInt64())});
}

} // namespace lockstep
