#pragma once

#include "messages/ballot.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace lockstep {

/// The small integers that stand for devices, models and ballots in sync.db,
/// kept in memory. Numbers are never taken back, so what is known stays true.
/// Throws SQLite::Exception; a number that stands for nothing is
/// SQLITE_CORRUPT.
class sync_log_names {
public:
  explicit sync_log_names(statement_cache& statements)
    : statements_(&statements) {
  }

  const device_id& device(std::int64_t number);
  const std::string& model(std::int64_t number);
  const ballot& ballot_of(std::int64_t number);

  /// Finds or adds. Only the writer, in a transaction; when that fails it calls
  /// `forget`.
  std::int64_t number_of(const device_id& device);
  std::int64_t number_of(const std::string& model);
  std::int64_t number_of(const ballot& what);

  /// Reads everything anew when it is next asked for.
  void forget();

private:
  template <class Value> struct dictionary {
    std::map<std::int64_t, Value> values;
    std::map<Value, std::int64_t> numbers;

    void add(std::int64_t number, const Value& value) {
      values.emplace(number, value);
      numbers.emplace(value, number);
    }
    [[nodiscard]] std::int64_t newest() const {
      return values.empty() ? 0 : values.rbegin()->first;
    }
  };

  template <class Value, class Load>
  const Value& value(dictionary<Value>& known, std::int64_t number, Load load);

  void load_devices();
  void load_models();
  void load_ballots();

  statement_cache* statements_;
  dictionary<device_id> devices_;
  dictionary<std::string> models_;
  dictionary<ballot> ballots_;
};

} // namespace lockstep
