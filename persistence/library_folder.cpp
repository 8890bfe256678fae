#include "persistence/library_folder.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/described_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <tuple>

namespace lockstep {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

constexpr int library_format = 1;
constexpr auto description_name = "library.json";
/// Names of folders that are being made or removed start with this.
constexpr std::string_view unfinished = ".new-";

json to_json(const library_description& what) {
  json object{{"format", library_format},
              {"id", to_string(what.id)},
              {"name", what.name},
              {"created_by", to_string(what.created_by)},
              {"created_at", to_text(what.created_at)},
              {"device", to_string(what.device)},
              {"database", what.database.string()},
              {"joined_from", to_string(what.joined_from)}};
  if (what.removing)
    object["removing"] = true;
  return object;
}

tl::unexpected<failure> damaged_description(const fs::path& file,
                                            const std::string& why) {
  return fail(errc::corrupt, file.string() + " is damaged: " + why
                               + "; restore it from a copy.");
}

/// The id in a field; throws nlohmann's exception where there is no text.
template <class Id>
bool read_field(const json& object, const char* field, Id& to) {
  auto id = parse_id<Id>(object.at(field).get<std::string>());
  if (id)
    to = *id;
  return id.has_value();
}

expected<library_description> read_description(const fs::path& file,
                                               const json& object) {
  try {
    library_description what;
    for (bool good : {read_field(object, "id", what.id),
                      read_field(object, "created_by", what.created_by),
                      read_field(object, "device", what.device),
                      read_field(object, "joined_from", what.joined_from)})
      if (!good)
        return damaged_description(file, "one of its ids is none");
    auto created = parse_wall_time(object.at("created_at").get<std::string>());
    if (!created)
      return damaged_description(file, "its created_at is no time");
    what.created_at = *created;
    what.name = object.at("name").get<std::string>();
    if (auto good = check_name("its name", what.name); !good)
      return damaged_description(file, good.error().message);
    what.database = object.at("database").get<std::string>();
    if (what.database.empty())
      return damaged_description(file, "its database is empty");
    what.removing = object.value("removing", false);
    return what;
  } catch (const json::exception& why) {
    return damaged_description(file, why.what());
  }
}

expected<void> check(const library_description& what) {
  if (what.id.is_nil() || what.device.is_nil() || what.created_by.is_nil())
    return fail(errc::invalid_argument,
                "A library needs an id, a device and a creator.");
  if (what.database.empty())
    return fail(errc::invalid_argument, "A library needs a database file.");
  return check_name("The library's name", what.name);
}

/// Moves the finished folder to its place, where nothing may be.
expected<void> put_library_in_place(const fs::path& from, const fs::path& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0)
    return sync_folder(to.parent_path());
  auto error = errno;
  if (error == EEXIST || error == ENOTEMPTY)
    return fail(errc::already_exists,
                "This device has the library already, in " + to.string() + ".");
  return tl::make_unexpected(
    system_failure(error, "Cannot create " + to.string()));
}

/// The name of a folder, also when its path ends in a slash.
std::string name_of(const fs::path& folder) {
  auto normal = folder.lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path())
    .filename()
    .string();
}

} // namespace

fs::path library_folder::database_file() const {
  return path / description.database;
}

bool library_folder::is_database_elsewhere() const {
  return description.database.is_absolute();
}

fs::path library_folder::sync_log_file() const {
  return path / "sync.db";
}

fs::path library_folder::archive_folder() const {
  return path / "archive";
}

expected<library_folder>
create_library_folder(const fs::path& libraries,
                      const library_description& description) {
  if (auto good = check(description); !good)
    return tl::make_unexpected(good.error());
  if (auto made = create_folder(libraries); !made)
    return tl::make_unexpected(made.error());
  auto name = to_string(description.id);
  auto temporary = (libraries / unfinished).string() + name + ".XXXXXX";
  if (::mkdtemp(temporary.data()) == nullptr)
    return tl::make_unexpected(
      system_failure(errno, "Cannot create " + (libraries / name).string()));
  auto placed = write_described(fs::path{temporary} / description_name,
                                to_json(description))
                  .and_then([&] {
                    return put_library_in_place(temporary, libraries / name);
                  });
  if (!placed) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    return tl::make_unexpected(placed.error());
  }
  return library_folder{libraries / name, description};
}

expected<library_folder> open_library_folder(const fs::path& folder) {
  auto file = folder / description_name;
  auto object = read_described(file, library_format);
  if (!object && object.error().code == errc::not_found)
    return fail(errc::not_found,
                folder.string() + " is no library: it has no library.json.");
  if (!object)
    return tl::make_unexpected(object.error());
  auto description = read_description(file, *object);
  if (!description)
    return tl::make_unexpected(description.error());
  if (name_of(folder) != to_string(description->id))
    return damaged_description(
      file, "it is of library " + to_string(description->id)
              + ", not of the one that its folder is named after");
  return library_folder{folder, *description};
}

expected<void> mark_removing(library_folder& folder, bool removing) {
  folder.description.removing = removing;
  return write_described(folder.path / description_name,
                         to_json(folder.description));
}

expected<void> remove_library_folder(const fs::path& folder) {
  const auto libraries = folder.parent_path();
  const auto hidden
    = libraries / (std::string{unfinished} + name_of(folder) + ".removed");
  std::error_code error;
  fs::remove_all(hidden, error);
  fs::rename(folder, hidden, error);
  if (error)
    return tl::make_unexpected(
      system_failure(error.value(), "Cannot remove " + folder.string()));
  if (auto durable = sync_folder(libraries); !durable)
    return durable;
  fs::remove_all(hidden, error);
  if (error)
    return tl::make_unexpected(
      system_failure(error.value(), "Cannot remove " + hidden.string()));
  return {};
}

expected<library_listing> list_library_folders(const fs::path& libraries) {
  library_listing found;
  std::error_code error;
  fs::directory_iterator folders{libraries, error};
  if (error == std::errc::no_such_file_or_directory)
    return found;
  for (; !error && folders != fs::directory_iterator{};
       folders.increment(error)) {
    // Hidden ones are being made, or none of our business.
    if (folders->path().filename().string().starts_with('.'))
      continue;
    if (auto opened = open_library_folder(folders->path()))
      found.libraries.push_back(std::move(*opened));
    else
      found.unreadable.push_back(
        {folders->path().filename().string(), opened.error()});
  }
  if (error)
    return tl::make_unexpected(
      system_failure(error.value(), "Cannot read " + libraries.string()));
  std::sort(found.libraries.begin(), found.libraries.end(),
            [](const auto& a, const auto& b) {
              return std::tie(a.description.name, a.description.id)
                     < std::tie(b.description.name, b.description.id);
            });
  std::sort(found.unreadable.begin(), found.unreadable.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

void remove_unfinished_libraries(const fs::path& libraries) {
  std::error_code error;
  std::vector<fs::path> left_over;
  for (fs::directory_iterator found{libraries, error};
       !error && found != fs::directory_iterator{}; found.increment(error))
    if (found->path().filename().string().starts_with(unfinished))
      left_over.push_back(found->path());
  for (const auto& folder : left_over)
    fs::remove_all(folder, error);
}

} // namespace lockstep
