#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lockstep {

/// A prepared statement on loan: reset when the loan ends, so that no reading
/// transaction is left open.
class prepared {
public:
  explicit prepared(SQLite::Statement& statement) : statement_(&statement) {
  }
  prepared(const prepared&) = delete;
  prepared& operator=(const prepared&) = delete;
  ~prepared() {
    statement_->tryReset();
    statement_->clearBindings();
  }
  SQLite::Statement* operator->() {
    return statement_;
  }
  SQLite::Statement& operator*() {
    return *statement_;
  }

private:
  SQLite::Statement* statement_;
};

/// Keeps a connection's statements prepared. One text must not be on loan
/// twice at a time. Throws SQLite::Exception, like what it wraps.
class statement_cache {
public:
  explicit statement_cache(SQLite::Database& database) : database_(&database) {
  }

  prepared use(std::string_view text) {
    auto found = statements_.find(text);
    if (found == statements_.end()) {
      std::string key{text};
      auto made = std::make_unique<SQLite::Statement>(*database_, key);
      found = statements_.emplace(std::move(key), std::move(made)).first;
    }
    return prepared{*found->second};
  }

  /// Forgets all statements, as is needed when the schema changes.
  void clear() {
    statements_.clear();
  }

private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  SQLite::Database* database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>, text_hash,
                     std::equal_to<>>
    statements_;
};

} // namespace lockstep
