#include "persistence/folder_walk.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace lockstep {

namespace {

bool has_vanished(int code) {
  return code == ENOENT || code == ENOTDIR;
}

std::int64_t to_milliseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

indexed_file to_row(std::string path, const struct stat& status) {
  indexed_file row;
  row.path = std::move(path);
  row.kind = S_ISREG(status.st_mode)   ? file_kind::file
             : S_ISDIR(status.st_mode) ? file_kind::directory
                                       : file_kind::other;
  if (row.kind == file_kind::file)
    row.size = static_cast<std::uint64_t>(status.st_size);
  row.modified = to_milliseconds(status.st_mtim);
  row.inode = status.st_ino;
  return row;
}

} // namespace

folder_walk::folder_walk(std::filesystem::path folder)
  : folder_(std::move(folder)) {
}

expected<folder_walk> folder_walk::open(const std::filesystem::path& folder) {
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (status.type() == std::filesystem::file_type::not_found)
    return fail(errc::not_found, "There is no folder " + folder.string() + ".");
  if (!error && status.type() != std::filesystem::file_type::directory)
    return fail(errc::invalid_argument, folder.string() + " is no folder.");
  folder_walk walk{folder};
  if (!error)
    walk.here_ = std::filesystem::directory_iterator{folder, error};
  if (error)
    return fail(errc::io, "The folder " + folder.string()
                            + " cannot be read: " + error.message() + ".");
  return walk;
}

std::vector<indexed_file> folder_walk::next(std::size_t limit) {
  std::vector<indexed_file> rows;
  while (rows.size() < limit && !done()) {
    if (here_ == std::filesystem::directory_iterator{}) {
      open_next();
      continue;
    }
    visit(here_->path().filename().string(), rows);
    std::error_code error;
    here_.increment(error);
    if (error) {
      ++found_.unreadable;
      here_ = {};
    }
  }
  return rows;
}

bool folder_walk::done() const {
  return waiting_.empty() && here_ == std::filesystem::directory_iterator{};
}

void folder_walk::open_next() {
  here_path_ = std::move(waiting_.back());
  waiting_.pop_back();
  std::error_code error;
  here_ = std::filesystem::directory_iterator{folder_ / here_path_, error};
  if (error && !has_vanished(error.value()))
    ++found_.unreadable;
}

void folder_walk::visit(const std::string& name,
                        std::vector<indexed_file>& rows) {
  auto path = here_path_.empty() ? name : here_path_ + '/' + name;
  struct stat status {};
  if (::lstat((folder_ / path).c_str(), &status) != 0) {
    if (!has_vanished(errno))
      ++found_.unreadable;
    return;
  }
  rows.push_back(to_row(std::move(path), status));
  count(rows.back());
  if (rows.back().kind == file_kind::directory)
    waiting_.push_back(rows.back().path);
}

void folder_walk::count(const indexed_file& row) {
  if (row.kind == file_kind::directory)
    ++found_.directories;
  if (row.kind == file_kind::file) {
    ++found_.files;
    found_.bytes += row.size;
  }
}

} // namespace lockstep
