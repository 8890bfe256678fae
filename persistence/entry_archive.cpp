#include "persistence/entry_archive.hpp"

#include "messages/json.hpp"
#include "persistence/atomic_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include <zstd.h>

namespace lockstep {

namespace {

using nlohmann::json;

constexpr std::string_view suffix = ".jsonl.zst";
/// More than that in one file is none of ours.
constexpr std::size_t file_limit = std::size_t{1} << 30;

failure damaged(const std::filesystem::path& file) {
  return {errc::corrupt, "The archive's file " + file.string()
                           + " is damaged; move it away to read the others."};
}

expected<std::string> compressed(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const auto size = ZSTD_compress(packed.data(), packed.size(), text.data(),
                                  text.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0)
    return fail(errc::internal, "The archive cannot be compressed: "
                                  + std::string{ZSTD_getErrorName(size)} + ".");
  packed.resize(size);
  return packed;
}

expected<std::string> content_of(const std::filesystem::path& file) {
  const auto packed = read_file(file, file_limit);
  if (!packed)
    return packed;
  const auto size = ZSTD_getFrameContentSize(packed->data(), packed->size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR
      || size > file_limit)
    return tl::make_unexpected(damaged(file));
  std::string text(static_cast<std::size_t>(size), '\0');
  if (ZSTD_decompress(text.data(), text.size(), packed->data(), packed->size())
      != text.size())
    return tl::make_unexpected(damaged(file));
  return text;
}

struct archive_file {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::filesystem::path path;
};

/// A name that no file has.
std::filesystem::path free_name(const std::filesystem::path& folder,
                                std::uint64_t first, std::uint64_t last) {
  for (int again = 0;; ++again) {
    std::ostringstream name;
    name << std::setfill('0') << std::setw(20) << first << '-' << std::setw(20)
         << last;
    if (again > 0)
      name << '.' << again;
    name << suffix;
    std::error_code problem;
    if (!std::filesystem::exists(folder / name.str(), problem))
      return folder / name.str();
  }
}

std::optional<archive_file> described(const std::filesystem::path& path) {
  archive_file found{0, 0, path};
  const auto name = path.filename().string();
  const auto* begin = name.data();
  const auto* end = begin + name.size();
  const auto first = std::from_chars(begin, end, found.first);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-')
    return std::nullopt;
  const auto last = std::from_chars(first.ptr + 1, end, found.last);
  if (last.ec != std::errc{} || !name.ends_with(suffix))
    return std::nullopt;
  return found;
}

/// The folder's files with something after `since`, by their first entry.
expected<std::vector<archive_file>>
files_in(const std::filesystem::path& folder, sequence_number since) {
  std::vector<archive_file> list;
  std::error_code problem;
  std::filesystem::directory_iterator all{folder, problem};
  if (problem == std::errc::no_such_file_or_directory)
    return list;
  for (; !problem && all != std::filesystem::directory_iterator{};
       all.increment(problem))
    if (auto found = described(all->path()); found && found->last > since.value)
      list.push_back(std::move(*found));
  if (problem)
    return tl::make_unexpected(
      system_failure(problem.value(), "Cannot read " + folder.string()));
  std::ranges::sort(list, {}, &archive_file::first);
  return list;
}

/// The entries of one file, one after the other.
class open_file {
public:
  static expected<open_file> open(const archive_file& what) {
    return content_of(what.path).and_then(
      [&](std::string&& text) -> expected<open_file> {
        open_file opened;
        opened.path_ = what.path;
        opened.text_ = std::move(text);
        if (auto moved = opened.move_on(); !moved)
          return tl::make_unexpected(moved.error());
        return opened;
      });
  }

  [[nodiscard]] bool is_over() const {
    return over_;
  }
  [[nodiscard]] const entry& head() const {
    return head_;
  }

  expected<void> move_on() {
    const auto end = text_.find('\n', at_);
    if (end == std::string::npos) {
      over_ = true;
      if (at_ == text_.size())
        return {};
      return tl::make_unexpected(damaged(path_));
    }
    auto read
      = parse_archived_line(std::string_view{text_}.substr(at_, end - at_));
    if (!read)
      return tl::make_unexpected(damaged(path_));
    head_ = std::move(*read);
    at_ = end + 1;
    return {};
  }

private:
  std::filesystem::path path_;
  std::string text_;
  std::size_t at_ = 0;
  entry head_;
  bool over_ = false;
};

} // namespace

std::string archived_line(const entry& what) {
  return json{{"sequence", what.sequence.value},
              {"term", what.ballot.term.value},
              {"leader", what.ballot.device},
              {"device", what.device},
              {"device_sequence", what.device_sequence.value},
              {"timestamp", what.timestamp.packed},
              {"model", what.model},
              {"record", what.record},
              {"change", to_string(what.change)},
              {"version", what.version.value},
              {"previous", what.previous.value},
              {"transaction_end", what.transaction_end.value},
              {"chain", what.chain},
              {"data", what.data}}
    .dump(-1, ' ', false, json::error_handler_t::replace);
}

expected<entry> parse_archived_line(std::string_view line) {
  try {
    const auto image = json::parse(line);
    entry what;
    auto number = [&](const char* field, auto& into) {
      into.value = image.at(field).get<std::uint64_t>();
    };
    number("sequence", what.sequence);
    number("term", what.ballot.term);
    what.ballot.device = image.at("leader").get<device_id>();
    what.device = image.at("device").get<device_id>();
    number("device_sequence", what.device_sequence);
    what.timestamp.packed = image.at("timestamp").get<std::uint64_t>();
    what.model = image.at("model").get<std::string>();
    what.record = image.at("record").get<record_id>();
    what.change
      = parse_change_type(image.at("change").get<std::string>()).value();
    number("version", what.version);
    number("previous", what.previous);
    number("transaction_end", what.transaction_end);
    what.chain = image.at("chain").get<std::uint64_t>();
    what.data = image.at("data").get<std::string>();
    return what;
  } catch (const std::exception&) {
    return fail(errc::corrupt, "The line is none of an archive's.");
  }
}

expected<void> entry_archive::add(std::span<const entry> list) const {
  std::string text;
  for (const auto& what : list)
    text.append(archived_line(what)).push_back('\n');
  return create_folder(folder_)
    .and_then([&] { return compressed(text); })
    .and_then([&](const std::string& packed) {
      return write_file_atomically(free_name(folder_,
                                             list.front().sequence.value,
                                             list.back().sequence.value),
                                   packed, 0600);
    });
}

expected<void>
entry_archive::read(sequence_number since,
                    const std::function<bool(const entry&)>& take) const {
  const auto files = files_in(folder_, since);
  if (!files)
    return tl::make_unexpected(files.error());
  // Of the files under way, by their next entry, the first one has the next of
  // all. A file is opened when that may be in it.
  std::multimap<sequence_number, open_file> under_way;
  const auto keep = [&](open_file&& file) {
    const auto at = file.head().sequence;
    if (!file.is_over())
      under_way.emplace(at, std::move(file));
  };
  auto next = files->begin();
  auto last = since;
  while (next != files->end() || !under_way.empty()) {
    if (next != files->end()
        && (under_way.empty()
            || next->first <= under_way.begin()->first.value)) {
      auto opened = open_file::open(*next++);
      if (!opened)
        return tl::make_unexpected(opened.error());
      keep(std::move(*opened));
      continue;
    }
    auto file = std::move(under_way.extract(under_way.begin()).mapped());
    if (last < file.head().sequence) {
      last = file.head().sequence;
      if (!take(file.head()))
        return {};
    }
    if (auto moved = file.move_on(); !moved)
      return moved;
    keep(std::move(file));
  }
  return {};
}

} // namespace lockstep
