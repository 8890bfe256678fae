#include "tests/house/floors.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>

namespace lockstep::house {

namespace {

constexpr std::size_t most_lines = 400;
constexpr std::size_t most_test_lines = 600;

struct floor {
  std::string_view folder;
  int height;
};

/// Two folders of one height do not know each other.
constexpr std::array<floor, 7> floors{{{"apps", 6},
                                       {"actors", 5},
                                       {"persistence", 4},
                                       {"transport", 4},
                                       {"protocol", 3},
                                       {"config", 2},
                                       {"messages", 1}}};

std::optional<floor> floor_of(std::string_view path) {
  auto folder = path.substr(0, path.find('/'));
  if (folder.size() == path.size())
    return std::nullopt;
  auto found = std::find_if(floors.begin(), floors.end(),
                            [&](const floor& f) { return f.folder == folder; });
  if (found == floors.end())
    return std::nullopt;
  return *found;
}

bool is_test(std::string_view path) {
  return path.starts_with("tests/");
}

/// What decides must not do I/O, share memory or know the libraries that do.
bool is_barred_from_protocol(std::string_view header) {
  constexpr std::array<std::string_view, 13> barred{
    "caf/",    "SQLiteCpp/", "sqlite3.h",    "spdlog/", "openssl/",
    "thread",  "mutex",      "shared_mutex", "atomic",  "condition_variable",
    "fstream", "iostream",   "filesystem"};
  return std::any_of(barred.begin(), barred.end(), [&](std::string_view b) {
    return b.ends_with('/') ? header.starts_with(b) : header == b;
  });
}

std::optional<std::string> what_is_wrong(std::string_view path,
                                         std::string_view header, bool quoted) {
  if (header == "caf/all.hpp" && !is_test(path))
    return "includes caf/all.hpp, which takes seconds to parse";
  auto here = floor_of(path);
  if (!here)
    return std::nullopt;
  if (here->folder == "protocol" && is_barred_from_protocol(header))
    return "protocol/ is pure: no " + std::string{header};
  if (header.starts_with("tests/"))
    return "includes a test";
  if (quoted && (header.starts_with("./") || header.starts_with("../")))
    return "includes are written from the top of the tree";
  auto there = floor_of(header);
  if (!there || there->folder == here->folder)
    return std::nullopt;
  if (there->height > here->height)
    return "includes upwards: " + std::string{header};
  if (there->height == here->height)
    return "includes sideways: " + std::string{header};
  return std::nullopt;
}

std::string at_line(const source_file& file, std::size_t line,
                    const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

} // namespace

std::vector<source_file> read_sources(const std::filesystem::path& top) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders{top / "tests"};
  for (const auto& f : floors)
    folders.push_back(top / f.folder);
  std::vector<source_file> sources;
  for (const auto& folder : folders) {
    if (!fs::is_directory(folder))
      continue;
    for (const auto& found : fs::recursive_directory_iterator{folder}) {
      auto extension = found.path().extension();
      if (extension != ".hpp" && extension != ".cpp")
        continue;
      std::ifstream in{found.path(), std::ios::binary};
      sources.push_back({found.path().lexically_relative(top).generic_string(),
                         {std::istreambuf_iterator<char>{in}, {}}});
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return sources;
}

complaints check_includes(const source_file& file) {
  static const std::regex include{
    R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*$)re"};
  complaints found;
  std::istringstream lines{file.text};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (!std::regex_match(line, match, include))
      continue;
    if (auto wrong = what_is_wrong(file.path, match.str(2), match[1] == "\""))
      found.push_back(at_line(file, number, *wrong));
  }
  return found;
}

complaints check_length(const source_file& file) {
  auto lines = static_cast<std::size_t>(
    std::count(file.text.begin(), file.text.end(), '\n'));
  auto most = is_test(file.path) ? most_test_lines : most_lines;
  if (lines <= most)
    return {};
  return {at_line(file, lines,
                  "more than " + std::to_string(most)
                    + " lines: split it by meaning")};
}

} // namespace lockstep::house
