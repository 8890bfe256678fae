#include "persistence/library_folder.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/described_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace lockstep {
namespace {

using testing::HasSubstr;

template <class Id> Id id_of(std::uint8_t number) {
  Id id;
  id.bytes.back() = number;
  return id;
}

library_description described(std::uint8_t number, std::string name) {
  return {id_of<library_id>(number),
          std::move(name),
          id_of<device_id>(1),
          wall_time{std::chrono::milliseconds{1'700'000'000'123}},
          id_of<device_id>(2),
          "database.db",
          id_of<device_id>(1)};
}

template <class T> errc code_of(const expected<T>& result) {
  return result ? errc::none : result.error().code;
}

/// Creates a library, overwrites its library.json, and opens it.
expected<library_folder> open_with(std::string_view content) {
  temporary_directory folder;
  auto made = create_library_folder(folder.path(), described(1, "photos"));
  EXPECT_TRUE(made
              && write_file_atomically(made->path / "library.json", content));
  auto opened = open_library_folder(made->path);
  EXPECT_EQ(read_file(made->path / "library.json").value(), content);
  return opened;
}

/// The same with one field changed.
expected<library_folder> open_changed(const char* field,
                                      const nlohmann::json& value) {
  temporary_directory folder;
  auto made = create_library_folder(folder.path(), described(1, "photos"));
  auto content = read_described(made->path / "library.json", 1).value();
  content[field] = value;
  return open_with(content.dump());
}

TEST(library_folder, opens_what_it_created) {
  temporary_directory folder;
  auto what = described(1, "Fotos für Oma \xF0\x9F\x93\xB7");
  what.database = "/elsewhere/photos.db";
  auto made = create_library_folder(folder / "libraries", what);
  ASSERT_TRUE(made) << made.error().message;
  auto opened = open_library_folder(made->path);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->description, what);
  EXPECT_EQ(opened->database_file(), "/elsewhere/photos.db");
}

TEST(library_folder, keeps_its_files_in_the_folder) {
  temporary_directory folder;
  auto made = create_library_folder(folder.path(), described(1, "photos"));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->path, folder / to_string(id_of<library_id>(1)));
  EXPECT_EQ(made->database_file(), made->path / "database.db");
  EXPECT_EQ(made->sync_log_file(), made->path / "sync.db");
}

TEST(library_folder, creates_none_twice) {
  temporary_directory folder;
  ASSERT_TRUE(create_library_folder(folder.path(), described(1, "photos")));
  EXPECT_EQ(
    code_of(create_library_folder(folder.path(), described(1, "other"))),
    errc::already_exists);
  auto list = list_library_folders(folder.path()).value();
  ASSERT_EQ(list.libraries.size(), 1u);
  EXPECT_EQ(list.libraries[0].description.name, "photos");
  EXPECT_EQ(
    std::distance(std::filesystem::directory_iterator{folder.path()}, {}), 1);
}

TEST(library_folder, refuses_bad_names) {
  temporary_directory folder;
  std::string hundred;
  for (int i = 0; i < 100; ++i)
    hundred += "\xC3\xA4";
  EXPECT_TRUE(create_library_folder(folder.path(), described(1, hundred)));
  for (const std::string& name :
       {std::string{}, hundred + "x", std::string{"a/b"}, std::string{"a\nb"},
        std::string{"a\0b", 3}, std::string{"\x7f"}, std::string{"\xC2\x85"},
        std::string{"\xFF"}})
    EXPECT_EQ(code_of(create_library_folder(folder.path(), described(2, name))),
              errc::invalid_argument)
      << name;
}

TEST(library_folder, refuses_a_library_without_ids) {
  temporary_directory folder;
  EXPECT_EQ(
    code_of(create_library_folder(folder.path(), described(0, "photos"))),
    errc::invalid_argument);
}

TEST(library_folder, refuses_a_database_path_that_json_cannot_hold) {
  temporary_directory folder;
  auto what = described(1, "photos");
  what.database = "/\xFF.db";
  EXPECT_EQ(code_of(create_library_folder(folder.path(), what)),
            errc::invalid_argument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(library_folder, a_folder_that_is_no_library_is_not_found) {
  temporary_directory folder;
  auto opened = open_library_folder(folder.path());
  EXPECT_EQ(code_of(opened), errc::not_found);
  EXPECT_THAT(opened.error().message, HasSubstr("is no library"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(library_folder, refuses_damage_and_leaves_it) {
  for (auto content : {"", "{", "[]", "{}", R"({"format": "1"})",
                       R"({"format": 0})", R"({"format": 1})"})
    EXPECT_EQ(code_of(open_with(content)), errc::corrupt) << content;
}

TEST(library_folder, refuses_fields_that_make_no_sense) {
  EXPECT_EQ(code_of(open_changed("name", "photos 2")), errc::none);
  EXPECT_EQ(code_of(open_changed("name", "a\nb")), errc::corrupt);
  EXPECT_EQ(code_of(open_changed("device", "nobody")), errc::corrupt);
  EXPECT_EQ(code_of(open_changed("device", 5)), errc::corrupt);
  EXPECT_EQ(code_of(open_changed("created_at", "2023-02-30T00:00:00.000Z")),
            errc::corrupt);
  EXPECT_EQ(code_of(open_changed("database", "")), errc::corrupt);
  EXPECT_EQ(code_of(open_changed("id", to_string(id_of<library_id>(9)))),
            errc::corrupt);
}

TEST(library_folder, refuses_a_newer_format_and_leaves_it) {
  auto opened = open_changed("format", 2);
  EXPECT_EQ(code_of(opened), errc::newer_format);
  EXPECT_THAT(opened.error().message, HasSubstr("use a newer Lockstep"));
}

TEST(library_folder, lists_by_name_and_names_what_it_cannot_read) {
  temporary_directory folder;
  ASSERT_TRUE(create_library_folder(folder.path(), described(1, "music")));
  ASSERT_TRUE(create_library_folder(folder.path(), described(2, "albums")));
  std::filesystem::create_directory(folder / "something else");
  auto list = list_library_folders(folder.path()).value();
  ASSERT_EQ(list.libraries.size(), 2u);
  EXPECT_EQ(list.libraries[0].description.name, "albums");
  EXPECT_EQ(list.libraries[1].description.name, "music");
  ASSERT_EQ(list.unreadable.size(), 1u);
  EXPECT_EQ(list.unreadable[0].name, "something else");
  EXPECT_THAT(list.unreadable[0].why.message, HasSubstr("something else"));
}

TEST(library_folder, no_folder_holds_no_libraries) {
  temporary_directory folder;
  auto list = list_library_folders(folder / "none");
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->libraries.empty());
}

TEST(library_folder, an_unfinished_creation_is_not_listed_and_removed) {
  temporary_directory folder;
  ASSERT_TRUE(create_library_folder(folder.path(), described(1, "music")));
  std::filesystem::create_directory(folder / ".new-abc");
  auto list = list_library_folders(folder.path()).value();
  EXPECT_EQ(list.libraries.size(), 1u);
  EXPECT_TRUE(list.unreadable.empty());
  remove_unfinished_libraries(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / ".new-abc"));
  EXPECT_EQ(list_library_folders(folder.path())->libraries.size(), 1u);
}

TEST(library_folder, is_removed_with_all_that_is_in_it) {
  temporary_directory folder;
  const auto kept = create_library_folder(folder.path(), described(1, "music"));
  const auto made = create_library_folder(folder.path(), described(2, "new"));
  ASSERT_TRUE(kept && made);
  std::ofstream{made->sync_log_file()} << "half a database";
  ASSERT_TRUE(remove_library_folder(made->path));
  std::vector<std::filesystem::path> left;
  for (const auto& one : std::filesystem::directory_iterator{folder.path()})
    left.push_back(one.path());
  EXPECT_THAT(left, testing::ElementsAre(kept->path));
  EXPECT_EQ(code_of(remove_library_folder(made->path)), errc::not_found);
}

TEST(wall_time_text, round_trips) {
  for (auto ms : {std::int64_t{0}, std::int64_t{1'700'000'000'123},
                  std::int64_t{4'102'444'799'999}}) {
    wall_time time{std::chrono::milliseconds{ms}};
    EXPECT_EQ(parse_wall_time(to_text(time)), time) << ms;
  }
  EXPECT_EQ(to_text(wall_time{std::chrono::milliseconds{1'700'000'000'123}}),
            "2023-11-14T22:13:20.123Z");
  for (auto text : {"", "yesterday", "2023-11-14T22:13:20Z",
                    "2023-13-14T22:13:20.123Z", "2023-11-14T24:00:00.000Z"})
    EXPECT_FALSE(parse_wall_time(text)) << text;
}

} // namespace
} // namespace lockstep
