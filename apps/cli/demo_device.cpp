#include "apps/cli/demo_device.hpp"

#include "messages/models.hpp"

#include <thread>

namespace lockstep::cli {

namespace {

constexpr std::chrono::seconds patience{30};
/// Rows that are read at a time.
constexpr std::int64_t page = 5'000;

/// FNV-1a over whatever a row consists of.
class row_hash {
public:
  void add_bytes(std::string_view bytes) {
    for (const char byte : bytes)
      value_ = (value_ ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    value_ = (value_ ^ 0xFFU) * 1099511628211ULL;
  }

  void add(const sql_value& cell) {
    if (const auto* number = std::get_if<std::int64_t>(&cell))
      add_bytes(std::to_string(*number));
    else if (const auto* text = std::get_if<std::string>(&cell))
      add_bytes(*text);
    else
      add_bytes("?");
  }

  [[nodiscard]] std::uint64_t value() const {
    return value_;
  }

private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

} // namespace

void eventually(const std::function<bool()>& holds,
                const std::string& otherwise) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end)
      throw step_failed{otherwise};
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

demo_device::demo_device(runtime& shared, std::string name,
                         std::filesystem::path directory, settings limits)
  : runtime_(shared), name_(std::move(name)), directory_(std::move(directory)),
    limits_(limits) {
}

void demo_device::start() {
  node_options how;
  how.data_directory = directory_;
  how.device_name = name_;
  how.limits = limits_;
  node_.emplace(got(node::open(runtime_, std::move(how))));
  id_ = node_->device();
}

void demo_device::create_library(const std::string& name) {
  meet(got(node_->create_library(name)));
}

void demo_device::share_with(demo_device& other) {
  other.meet(got(node_->share_library(copy(), *other.node_)));
}

void demo_device::open_library(library_id id) {
  meet(got(node_->open_library(to_string(id))));
}

void demo_device::meet(library opened) {
  library_ = std::move(opened);
  events_ = node_->subscribe(progress_.callback(), library_->id());
  got(library_->use<location>());
  got(library_->use<tag>());
  got(library_->use<album>());
  got(library_->use<collection>());
  got(library_->use<user_metadata_tag>());
}

void demo_device::kill() {
  node_->kill();
  node_.reset();
}

library_status demo_device::status() {
  return got(copy().status());
}

index_digest digest_index(library& of) {
  index_digest found;
  row_hash hash;
  std::string location;
  std::string path;
  for (;;) {
    const auto rows = got(of.query(
      "SELECT location, path, kind, size, modified FROM entry"
      " WHERE (location, path) > (?, ?) ORDER BY location, path LIMIT ?",
      {location, path, page}));
    for (const auto& row : rows.rows)
      for (const auto& cell : row)
        hash.add(cell);
    found.rows += rows.rows.size();
    if (rows.rows.size() < static_cast<std::size_t>(page))
      break;
    location = std::get<std::string>(rows.rows.back()[0]);
    path = std::get<std::string>(rows.rows.back()[1]);
  }
  found.digest = hash.value();
  return found;
}

} // namespace lockstep::cli
