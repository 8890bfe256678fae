#pragma once

#include "persistence/statement_cache.hpp"
#include "protocol/log_draft.hpp"

#include <SQLiteCpp/Database.h>

#include <optional>
#include <string_view>

namespace lockstep {

/// Keeps a draft's entries in a temporary file, which is made when the first
/// ones come and goes away with it. Stands outside of every transaction on
/// other files. Throws SQLite::Exception.
class entry_file : public entry_overflow {
public:
  void put(const std::vector<entry>& list) override;
  std::vector<entry> read(sequence_number first, std::size_t most) override;
  void close(sequence_number first, sequence_number end) override;
  void cut(sequence_number first) override;

private:
  struct temporary {
    temporary();

    SQLite::Database database;
    statement_cache statements{database};
  };

  prepared use(std::string_view text);

  std::optional<temporary> file_;
};

} // namespace lockstep
