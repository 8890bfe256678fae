#include "persistence/library_store.hpp"
#include "persistence/rows_together.hpp"

#include <nlohmann/json.hpp>

#include <optional>

// How a record's row becomes what it is to be.
namespace lockstep {

namespace {

/// While it lives, what happens in tracked tables is noted, although the store
/// is applying.
class noting {
public:
  explicit noting(library_store& store) : store_(store) {
    store_.set_applying(false);
  }
  noting(const noting&) = delete;
  noting& operator=(const noting&) = delete;
  ~noting() {
    try {
      // Where the transaction has ended by itself, so has applying.
      if (store_.in_transaction())
        store_.set_applying(true);
    } catch (const SQLite::Exception&) {
      // The disk fails, and with it the transaction.
    }
  }

private:
  library_store& store_;
};

} // namespace

void library_store::show(std::string_view model, record_id record,
                         change_type change, const std::string& image,
                         standing whose) {
  if (tables.by_model(model) != nullptr)
    show_image(model, record, change,
               change == change_type::remove ? nlohmann::json{}
                                             : nlohmann::json::parse(image),
               whose);
}

void library_store::show_image(std::string_view model, record_id record,
                               change_type change, nlohmann::json image,
                               standing whose) {
  const auto* schema = tables.by_model(model);
  if (schema == nullptr)
    return;
  std::optional<noting> heard;
  if (allowed_ == access::own && reach.of(*schema, change) && is_applying())
    heard.emplace(*this);
  if (change == change_type::remove)
    rows.erase(*schema, record);
  else
    rows.write(*schema, record, std::move(image), whose);
}

void library_store::show_canonical(std::string_view model, record_id record) {
  const auto row = canonical_row(*this, {std::string{model}, record});
  show(row.model, row.record, row.change, row.data, row.whose);
}

} // namespace lockstep
