#include "persistence/file_birth.hpp"
#include "tests/processes/two_processes.hpp"

namespace lockstep {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

/// The creator's files are put back as they were before its last changes.
class older_copy_of_a_device : public two_processes {
protected:
  older_copy_of_a_device() {
    write("a", "first");
    a_ = serve("a", {place_of_a_});
    place_of_a_ = a_->address();
    pair();
    b_ = serve("b", {place_of_b_});
    place_of_b_ = b_->address();
    expect_everywhere("first");
    a_->end(SIGTERM);
    fs::copy(data_of("a"), copy(), fs::copy_options::recursive);
    fs::copy(file("a"), file("a") + ".copy");
    a_ = serve("a", {place_of_a_});
    write("a", "second");
    expect_everywhere("second");
    b_->end(SIGTERM);
    EXPECT_TRUE(eventually([&] {
      return on("a", "--json status notes").json()["role"] == "leader";
    }));
    a_->end(SIGTERM);
    fs::remove_all(data_of("a"));
    fs::copy(copy(), data_of("a"), fs::copy_options::recursive);
    fs::remove(file("a"));
    fs::copy(file("a") + ".copy", file("a"));
  }

  [[nodiscard]] fs::path copy() const {
    auto kept = data_of("a");
    kept += ".copy";
    return kept;
  }

  void expect_everywhere(const std::string& text) {
    EXPECT_TRUE(eventually([&] { return has("a", text) && has("b", text); }));
    for (const auto* name : {"a", "b"})
      EXPECT_EQ(on(name, "wait notes --until stable").status, 0);
  }

  std::unique_ptr<served_device> a_;
  std::unique_ptr<served_device> b_;
  std::string place_of_a_ = "127.0.0.1:0";
  std::string place_of_b_ = "127.0.0.1:0";
};

TEST_F(older_copy_of_a_device, waits_for_the_other_and_gets_what_is_newer) {
  if (file_birth(copy()) == 0)
    GTEST_SKIP() << "this file system does not say when files were made";
  a_ = serve("a", {place_of_a_});
  write("a", "third");
  const auto waits = on("a", "--json status notes");
  EXPECT_EQ(waits.json()["state"], "catching_up") << waits.out;
  EXPECT_NE(waits.json()["role"], "leader") << waits.out;
  EXPECT_THAT(on("a", "status notes").err + on("a", "status notes").out,
              HasSubstr("lockstep repair --alone"));
  b_ = serve("b", {place_of_b_});
  expect_everywhere("third");
  EXPECT_TRUE(has("a", "second"));
  EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
  EXPECT_EQ(on("a", "--json status notes").json()["state"], "ready");
}

TEST_F(older_copy_of_a_device, goes_on_alone_where_it_is_told_to) {
  if (file_birth(copy()) == 0)
    GTEST_SKIP() << "this file system does not say when files were made";
  a_ = serve("a", {place_of_a_});
  write("a", "third");
  EXPECT_EQ(on("a", "repair notes --alone").status, 0);
  EXPECT_TRUE(eventually(
    [&] { return on("a", "--json status notes").json()["role"] == "leader"; }));
  EXPECT_EQ(on("a", "wait notes").status, 0);
  // What it had before the copy was made comes back with the other one.
  b_ = serve("b", {place_of_b_});
  expect_everywhere("third");
  expect_everywhere("second");
}

} // namespace
} // namespace lockstep
