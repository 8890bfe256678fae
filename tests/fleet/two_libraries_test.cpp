#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Three devices with two libraries: anna leads the photos, bert the films.
class two_libraries : public fleet {
public:
  two_libraries() {
    share({"anna", "bert", "carl"});
    auto made = ask<library_handles>(at("bert").node, create_library{"films"});
    EXPECT_TRUE(made);
    films["bert"] = *made;
    for (const auto* name : {"anna", "carl"}) {
      EXPECT_TRUE(ask<receipt>(films.at("bert").library,
                               change_member{{at(name).id, name, false}}));
      auto joined = ask<library_handles>(
        at(name).node,
        join_library{made->id, "films", at("bert").id, at("bert").id});
      EXPECT_TRUE(joined);
      films[name] = *joined;
    }
    EXPECT_EQ(settle(), "");
    EXPECT_TRUE(film_is_everywhere("first"));
    EXPECT_EQ(leader(), "anna");
    EXPECT_EQ(leader_of_films(), at("bert").id);
  }

  void TearDown() override {
    films.clear();
    fleet::TearDown();
  }

  device_id leader_of_films() {
    return ask<leadership_view>(films.at("carl").leadership, read_leader{})
      ->leader;
  }

  std::filesystem::path folder_of_films(const std::string& name) {
    return at(name).directory / "libraries" / to_string(films.at("bert").id);
  }

  /// Writes a film on bert; whether it arrives on all devices whose films are
  /// open.
  bool film_is_everywhere(const std::string& text) {
    const auto id = make_id();
    auto written = ask<receipt>(
      films.at("bert").library,
      commit_transaction{{record_change{"film", id, change_type::insert,
                                        R"({"text": ")" + text + R"("})"}}});
    advance(5s);
    if (!written)
      return false;
    for (const auto& [name, handles] : films) {
      auto list = ask<entry_list>(handles.log, fetch_since{{}, 1'000});
      if (!list || std::ranges::none_of(list->list, [&](const entry& what) {
            return what.record == id;
          }))
        return false;
    }
    return true;
  }

  /// Writes photos on each device, which must arrive within seconds and under
  /// the leader and the ballot that there were.
  void expect_photos_go_on() {
    const auto before = leadership("anna");
    const auto opened = at("carl").shared.library;
    for (const auto* name : {"anna", "bert", "carl"})
      EXPECT_TRUE(put(name, tag{make_id(), name, "", {}}));
    EXPECT_EQ(settle(5s), "");
    EXPECT_EQ(leader(), "anna");
    EXPECT_EQ(leadership("anna").ballot, before.ballot);
    // The actors are the same ones.
    EXPECT_TRUE(ask<library_status>(opened, read_status{}));
  }

  /// Lets a library that failed come back.
  void open_films(const std::string& name) {
    auto opened
      = ask<library_handles>(at(name).node, open_library{films.at("bert").id});
    ASSERT_TRUE(opened) << opened.error().message;
    films[name] = *opened;
  }

  std::map<std::string, library_handles> films;
};

TEST_F(two_libraries, have_a_leader_each) {
  expect_photos_go_on();
  EXPECT_TRUE(film_is_everywhere("second"));
  EXPECT_NE(leader_of_films(), leadership("carl").leader);
}

TEST_F(two_libraries, one_whose_actors_die_does_not_touch_the_other) {
  for (const auto* name : {"anna", "bert", "carl"})
    kill(films.at(name).log);
  run();
  expect_photos_go_on();
  advance(5s);
  for (const auto* name : {"anna", "bert", "carl"})
    open_films(name);
  EXPECT_TRUE(film_is_everywhere("after"));
}

TEST_F(two_libraries, one_whose_leader_fails_again_and_again_leaves_the_other) {
  const auto id = films.at("bert").id;
  for (int i = 0; i < 5; ++i) {
    kill(films.at("bert").library);
    films.at("bert") = {};
    expect_photos_go_on();
    advance(2min);
    auto opened = ask<library_handles>(at("bert").node, open_library{id});
    ASSERT_TRUE(opened);
    films.at("bert") = *opened;
  }
  EXPECT_TRUE(film_is_everywhere("after"));
}

TEST_F(two_libraries, one_whose_files_are_broken_does_not_touch_the_other) {
  const auto file = folder_of_films("carl") / "database.db";
  const auto handles = films.extract("carl");
  const auto id = handles.mapped().id;
  kill(handles.mapped().library);
  run();
  std::filesystem::remove(file.string() + "-wal");
  std::filesystem::remove(file.string() + "-shm");
  std::ofstream{file, std::ios::binary} << "this is no database, and long ago";
  for (int i = 0; i < 3; ++i) {
    expect_photos_go_on();
    EXPECT_TRUE(film_is_everywhere("while carl has none"));
    advance(10min);
  }
  EXPECT_FALSE(ask<library_handles>(at("carl").node, open_library{id}));
  expect_photos_go_on();
}

} // namespace
} // namespace lockstep
