#include "tests/processes/two_processes.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(two_processes, slow_keep_one_library_in_step) {
  write("a", "before");
  auto a = serve("a");
  ASSERT_THAT(a->first_line(), StartsWith("listening on 127.0.0.1:"));
  const auto text = invitation();
  const auto joined = join(text);
  ASSERT_EQ(joined.status, 0) << joined.err;
  EXPECT_EQ(joined.json()["name"], "notes");
  // Both persons see the same words.
  const auto words = joined.json().value("verification", "");
  EXPECT_EQ(std::count(words.begin(), words.end(), ' '), 2);
  EXPECT_THAT(a->next_line(), HasSubstr(words));
  ASSERT_EQ(on("b", "track notes --all").status, 0);
  EXPECT_EQ(notes("b"), "before|of a\n");

  auto b = serve("b");
  write("a", "from a");
  write("b", "from b");
  ASSERT_TRUE(eventually([&] { return has("b", "from a"); }));
  ASSERT_TRUE(eventually([&] { return has("a", "from b"); }));
  EXPECT_EQ(notes("a"), notes("b"));
  EXPECT_EQ(on("b", "wait notes --until stable").status, 0);
  EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
  // The secret is in no log.
  for (const auto* name : {"a", "b"}) {
    std::ifstream log{complaints(name)};
    const std::string said{std::istreambuf_iterator<char>{log}, {}};
    EXPECT_THAT(said, testing::Not(HasSubstr(text.substr(20))));
    EXPECT_THAT(said, testing::Not(HasSubstr("PRIVATE KEY")));
  }
}

TEST_F(two_processes, slow_go_on_when_the_leader_is_killed) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  a->end(SIGKILL);
  // Without its leader B goes on, and leads in the end.
  write("b", "alone");
  write("a", "while down");
  a = serve("a");
  ASSERT_TRUE(eventually([&] { return has("a", "alone"); }));
  ASSERT_TRUE(eventually([&] { return has("b", "while down"); }));
  EXPECT_EQ(notes("a"), notes("b"));
}

TEST_F(two_processes, slow_find_each_other_at_new_addresses) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  // One at a time, so that one of them always knows the way.
  const auto first = a->address();
  a->end(SIGKILL);
  a = serve("a");
  EXPECT_NE(a->address(), first);
  write("b", "second");
  ASSERT_TRUE(eventually([&] { return has("a", "second"); }));
  b->end(SIGKILL);
  b = serve("b");
  write("a", "third");
  ASSERT_TRUE(eventually([&] { return has("b", "third"); }));
  EXPECT_EQ(notes("a"), notes("b"));
}

TEST_F(two_processes, slow_leave_cleanly) {
  auto a = serve("a");
  struct stat found {};
  const auto socket = data_of("a") / "control.sock";
  ASSERT_EQ(::stat(socket.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(a->end(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_FALSE(std::filesystem::exists(socket));
  // It was handed the leadership.
  EXPECT_EQ(b->end(SIGTERM), 0);
  const auto now = on("b", "--json status notes");
  ASSERT_EQ(now.status, 0) << now.err;
  EXPECT_EQ(now.json()["leader"], now.json()["device"]);
}

TEST_F(two_processes, slow_refuse_an_invitation_that_is_used_wrong_or_over) {
  auto a = serve("a");
  const auto text = invitation();
  // A device of its own for each, as one that joined is let in.
  const auto attempt = [&](const std::string& name, const std::string& with) {
    EXPECT_EQ(on(name, "init --name " + name).status, 0);
    return on(name, "join '" + with + "'");
  };
  auto typo = text;
  typo[40] = typo[40] == 'x' ? 'y' : 'x';
  expect_refusal(attempt("c", typo), "join", 2, "typo");
  expect_refusal(attempt("c", "nonsense"), "join", 2, "no invitation");
  EXPECT_EQ(attempt("c", text).status, 0);
  expect_refusal(attempt("d", text), "join", 5, "no invitation is open");
  expect_refusal(attempt("c", text), "join", 1, "already");
  const auto replaced = invitation();
  const auto short_one = invitation("--expires 1s");
  expect_refusal(attempt("d", replaced), "join", 5, "not valid");
  std::this_thread::sleep_for(1100ms);
  expect_refusal(attempt("d", short_one), "join", 5, "no invitation is open");
  a->end(SIGTERM);
  expect_refusal(attempt("d", short_one), "join", 4, "Nobody answers");
  expect_refusal(on("a", "invite notes"), "invite", 1, "serve");
}

TEST_F(two_processes, slow_say_how_far_each_is) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  ASSERT_EQ(on("a", "wait notes --until stable").status, 0);
  const auto sequence = ask("a", "status notes")["sequence"];
  const auto members = ask("a", "members notes");
  ASSERT_EQ(members.size(), 2U);
  for (const auto& one : members) {
    EXPECT_EQ(one["acknowledged"], sequence) << one;
    EXPECT_EQ(one["lag"], 0) << one;
    EXPECT_EQ(one["connected"], true) << one;
    EXPECT_EQ(one["leader"], one["name"] == "a") << one;
    EXPECT_EQ(one["address"], one["name"] == "a" ? a->address() : b->address());
    EXPECT_EQ(one["last_contact"].is_string(), one["name"] == "b") << one;
  }
  b->end(SIGKILL);
  EXPECT_TRUE(eventually([&] {
    return ask("a", "members notes")[1]["connected"] == false
           || ask("a", "members notes")[0]["connected"] == false;
  }));
  write("a", "second");
  ASSERT_EQ(on("a", "wait notes").status, 0);
  for (const auto& one : ask("a", "members notes"))
    EXPECT_EQ(one["lag"], one["name"] == "a" ? 0 : 1) << one;
  expect_refusal(on("a", "wait notes --until stable --timeout 100ms"), "wait",
                 4, "stable");
}

TEST_F(two_processes, slow_hand_over_the_leadership) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  ASSERT_EQ(on("b", "wait notes").status, 0);
  const auto handed = on("a", "--json leader notes --transfer b");
  ASSERT_EQ(handed.status, 0) << handed.err;
  EXPECT_TRUE(eventually([&] {
    return ask("b", "status notes")["role"] == "leader"
           && ask("a", "leader notes")["leader"]
                == ask("b", "status notes")["device"];
  }));
  expect_refusal(on("a", "leader notes --transfer b"), "leader", 5, "lead");
  expect_refusal(on("a", "leader notes --transfer nobody"), "leader", 3,
                 "nobody");
}

TEST_F(two_processes, slow_show_and_settle_what_lost) {
  auto a = serve("a");
  pair();
  write("a", "first");
  auto b = serve("b");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  b->end(SIGTERM);
  sql("a", "UPDATE note SET text = 'by a' WHERE id = 'first'");
  ASSERT_EQ(on("a", "wait notes").status, 0);
  sql("b", "UPDATE note SET text = 'by b' WHERE id = 'first'");
  b = serve("b");
  ASSERT_TRUE(
    eventually([&] { return ask("a", "conflicts notes").size() == 1; }));
  EXPECT_EQ(notes("a"), "first|by b\n") << "the later one";
  const auto shown = on("a", "conflicts notes").out;
  EXPECT_THAT(shown, HasSubstr("text=\"by a\""));
  EXPECT_THAT(shown, HasSubstr("text=\"by b\""));
  EXPECT_THAT(shown, HasSubstr("\"a\""));
  const auto id = ask("a", "conflicts notes")[0]["conflict"].get<std::string>();
  ASSERT_TRUE(
    eventually([&] { return ask("b", "conflicts notes").size() == 1; }));
  expect_refusal(on("b", "resolve notes " + id.substr(0, 3) + " --take loser"),
                 "resolve", 3, "no conflict");
  const auto settled
    = on("b", "--json resolve notes " + id.substr(0, 13) + " --take loser");
  ASSERT_EQ(settled.status, 0) << settled.err;
  EXPECT_TRUE(settled.json()["sequence"].is_number()) << settled.out;
  EXPECT_TRUE(eventually([&] { return notes("a") == "first|by a\n"; }));
  EXPECT_TRUE(ask("a", "conflicts notes").empty());
  EXPECT_EQ(ask("a", "conflicts notes --all")[0]["resolved"], true);
}

TEST_F(two_processes, slow_tell_a_device_that_one_of_two_libraries_is_closed) {
  ASSERT_EQ(on("a", "library create music").status, 0);
  auto a = serve("a");
  pair();
  const auto second = on("a", "--json invite music");
  ASSERT_EQ(second.status, 0) << second.err;
  const auto joined
    = on("b", "join '" + second.json().value("invitation", "") + "'");
  ASSERT_EQ(joined.status, 0) << joined.err;
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  ASSERT_EQ(on("a", "remove notes b").status, 0);
  const auto refused = [&] {
    return ask("b", "status notes").contains("refused_by");
  };
  ASSERT_TRUE(eventually(refused));
  EXPECT_THAT(on("b", "status notes").out,
              HasSubstr("\"a\" does not let this device in: your device is no"
                        " member of this library there"));
  EXPECT_FALSE(ask("b", "status music").contains("refused_by"));
  write("a", "after");
  ASSERT_EQ(on("b", "wait music --until stable").status, 0);
  EXPECT_EQ(notes("b"), "first|of a\n");
  // Let in again, it hears all.
  b->end(SIGTERM);
  ASSERT_EQ(on("b", "library delete notes --detach").status, 0);
  ASSERT_NO_FATAL_FAILURE(pair());
  b = serve("b");
  ASSERT_TRUE(eventually([&] { return has("b", "after"); }));
  EXPECT_FALSE(refused());
}

TEST_F(two_processes, slow_leave_a_removed_device_its_copy) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  const auto removed = on("a", "remove notes b");
  ASSERT_EQ(removed.status, 0) << removed.err;
  EXPECT_EQ(ask("a", "members notes").size(), 1U);
  expect_refusal(on("a", "remove notes b"), "remove", 3, "b");
  expect_refusal(on("a", "remove notes a"), "remove", 2, "itself");
  write("a", "after");
  ASSERT_EQ(on("a", "wait notes").status, 0);
  // In whichever order they come back, it stays out, and says so.
  b->end(SIGTERM);
  b = serve("b");
  ASSERT_THAT(b->first_line(), StartsWith("listening"));
  EXPECT_TRUE(eventually(
    [&] { return ask("b", "status notes").contains("refused_by"); }));
  auto now = ask("b", "status notes");
  EXPECT_EQ(now["refused_by"][0]["device"], ask("a", "status notes")["device"]);
  EXPECT_THAT(on("b", "status notes").out,
              HasSubstr("\"a\" does not let this device in: your device is no"
                        " member any more"));
  expect_refusal(on("b", "invite notes"), "invite", 5, "no member of");
  expect_refusal(on("b", "wait notes"), "wait", 5, "no member of");
  a->end(SIGTERM);
  a = serve("a");
  write("a", "later");
  write("b", "own");
  ASSERT_EQ(on("a", "wait notes").status, 0);
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(notes("b"), "first|of a\nown|of b\n");
  EXPECT_EQ(notes("a"), "after|of a\nfirst|of a\nlater|of a\n");
  // What status says is what works.
  EXPECT_EQ(ask("b", "status notes")["removed"], true);
  EXPECT_THAT(on("b", "status notes").out,
              HasSubstr("lockstep library delete \"notes\" --detach"));
  expect_refusal(join(invitation()), "join", 1, "library delete \"notes\"");
  ASSERT_EQ(on("b", "library delete \"notes\" --detach").status, 0);
  ASSERT_NO_FATAL_FAILURE(pair());
  EXPECT_TRUE(eventually([&] { return has("b", "later") && has("a", "own"); }));
  EXPECT_FALSE(ask("b", "status notes").contains("removed"));
}

TEST_F(two_processes, slow_use_up_no_invitation_for_a_database_that_is_bad) {
  auto a = serve("a");
  const auto text = invitation();
  const auto attempt = [&](const std::string& database) {
    return on("b", "join '" + text + "' --database '" + database + "'");
  };
  const auto nowhere = (folder / "nowhere" / "b.sqlite").string();
  expect_refusal(attempt(nowhere), "join", 3, "nowhere");
  expect_refusal(attempt(file("a")), "join", 1, "a.sqlite");
  EXPECT_EQ(ask("a", "members notes").size(), 1U);
  EXPECT_EQ(join(text).status, 0);
}

TEST_F(two_processes, slow_replace_a_removed_leader) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  ASSERT_EQ(on("b", "wait notes").status, 0);
  ASSERT_EQ(on("b", "remove notes a").status, 0);
  EXPECT_TRUE(
    eventually([&] { return ask("b", "status notes")["role"] == "leader"; }));
  write("b", "on my own");
  EXPECT_EQ(on("b", "wait notes").status, 0);
}

TEST_F(two_processes, slow_finish_a_first_sync_that_was_killed) {
  // Transactions of a thousand, as one is applied at once.
  for (int i = 0; i < 20; ++i)
    sql("a", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < 1000) INSERT INTO note SELECT 'n"
               + std::to_string(i) + "-' || i, hex(randomblob(100)) FROM n");
  auto a = serve("a");
  ASSERT_EQ(on("a", "wait notes --timeout 60s").status, 0);
  auto b = serve("b");
  {
    process joining{{LOCKSTEP_PROGRAM, "--json", "--data",
                     data_of("b").string(), "join", invitation(), "--database",
                     file("b")},
                    complaints("join")};
    ASSERT_TRUE(eventually([&] {
      for (const auto& one : ask("a", "members notes"))
        if (one["name"] == "b" && one["acknowledged"] > 1'000)
          return true;
      return false;
    }));
    b->end(SIGKILL);
    EXPECT_NE(joining.end(0), 0);
  }
  b = serve("b");
  ASSERT_EQ(on("b", "wait notes --timeout 60s").status, 0);
  ASSERT_EQ(on("b", "track notes --all").status, 0);
  EXPECT_EQ(sql("b", "SELECT count(*) FROM note"), "20000\n");
  EXPECT_EQ(on("b", "wait notes --timeout 60s").status, 0);
  EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
}

/// A client that connects and says what it is given.
int raw_client(int port, const std::string& says) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return -1;
  if (!says.empty())
    static_cast<void>(!::send(socket, says.data(), says.size(), MSG_NOSIGNAL));
  return socket;
}

TEST_F(two_processes, slow_sync_while_strangers_make_noise) {
  auto a = serve("a");
  pair();
  auto b = serve("b");
  write("a", "first");
  ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
  std::vector<int> sockets;
  const std::string noise(2'000, '\xff');
  for (int i = 0; i < 1'000; ++i) {
    const auto says = i % 4 == 0   ? ""
                      : i % 4 == 1 ? noise
                      : i % 4 == 2 ? "GET / HTTP/1.1\r\n\r\n"
                                   : std::string("\x16\x03\x01\x02\x00\x01", 6);
    if (const int one = raw_client(a->port(), says); one >= 0)
      sockets.push_back(one);
    if (sockets.size() > 500) {
      ::close(sockets.front());
      sockets.erase(sockets.begin());
    }
  }
  write("a", "meanwhile a");
  write("b", "meanwhile b");
  EXPECT_TRUE(eventually([&] { return has("b", "meanwhile a"); }));
  EXPECT_TRUE(eventually([&] { return has("a", "meanwhile b"); }));
  for (const int one : sockets)
    ::close(one);
  EXPECT_EQ(a->end(SIGTERM), 0);
}

/// Processor time that a process has used so far.
std::chrono::milliseconds used_by(pid_t process) {
  std::ifstream stat{"/proc/" + std::to_string(process) + "/stat"};
  std::string skipped;
  std::getline(stat, skipped, ')');
  // proc(5): state is the third field, utime and stime are 14 and 15.
  for (int field = 3; field < 14; ++field)
    stat >> skipped;
  long user = 0;
  long system = 0;
  stat >> user >> system;
  return std::chrono::milliseconds{(user + system) * 1'000
                                   / ::sysconf(_SC_CLK_TCK)};
}

TEST_F(two_processes, slow_rest_when_there_is_nothing_to_do) {
  const serving as_usual{"127.0.0.1:0",
                         {"leadership.heartbeat=30s", "leadership.timeout=60s",
                          "leadership.lease=90s"}};
  auto a = serve("a", as_usual);
  pair();
  auto b = serve("b", as_usual);
  write("b", "all is said");
  ASSERT_TRUE(eventually([&] { return has("a", "all is said"); }));
  // Looks at the file thin out.
  std::this_thread::sleep_for(5s);
  for (const auto* device : {a.get(), b.get()}) {
    const auto before = used_by(device->id());
    std::this_thread::sleep_for(10s);
    const auto used = used_by(device->id()) - before;
    EXPECT_LT(used, 50ms) << "more than 0.5 % of a core";
  }
}

} // namespace
} // namespace lockstep
