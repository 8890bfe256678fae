#include "tests/processes/two_processes.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

/// One device that `lockstep serve` runs.
class daemon : public two_processes {
protected:
  daemon() : a_(serve("a")) {
  }

  /// Says something on the control socket as any program could: the answer.
  std::string say(const std::string& request) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    const auto path = (data_of("a") / "control.sock").string();
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    EXPECT_EQ(
      ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(::send(socket, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char bytes[4096];
    for (ssize_t size = 0; (size = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
      answer.append(bytes, static_cast<std::size_t>(size));
    ::close(socket);
    return answer;
  }

  std::string post(const std::string& body) {
    return say("POST /commands HTTP/1.1\r\nHost: lockstep\r\n"
               "Connection: close\r\nContent-Length: "
               + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::unique_ptr<served_device> a_;
};

TEST_F(daemon, answers_the_other_commands) {
  ASSERT_THAT(a_->first_line(), StartsWith("listening on 127.0.0.1:"));
  write("a", "one");
  const auto synced = on("a", "--json wait notes");
  ASSERT_EQ(synced.status, 0) << synced.err;
  EXPECT_EQ(synced.json()["role"], "leader");
  EXPECT_EQ(synced.json()["pending"], 0);
  const auto entries = on("a", "--json log notes");
  ASSERT_EQ(entries.status, 0) << entries.err;
  EXPECT_THAT(entries.out, HasSubstr("of a"));
  EXPECT_EQ(entries.err, "");
  EXPECT_THAT(on("a", "library list").out, HasSubstr("notes"));
  EXPECT_THAT(on("a", "leader notes").out, HasSubstr(" leads, term 1"));
}

TEST_F(daemon, ends_commands_with_their_own_status) {
  expect_refusal(on("a", "status nothing"), "status", 3, "no library");
  expect_refusal(on("a", "log notes --since x"), "log", 2, "--since");
  expect_refusal(on("a", "nonsense"), "nonsense", 2, "nonsense");
  expect_refusal(on("a", "wait notes --until sequence=99 --timeout 50ms"),
                 "wait", 4, "50ms");
  expect_refusal(on("a", "wait notes --until soon"), "wait", 2, "soon");
}

TEST_F(daemon, takes_paths_as_those_of_who_asks) {
  const auto command = "cd '" + folder.path().string() + "' && '"
                       + LOCKSTEP_PROGRAM + "' --data a library create more"
                       + " --database sub.sqlite";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "sub.sqlite"));
}

TEST_F(daemon, is_alone_on_its_data_directory) {
  expect_refusal(on("a", "serve --listen 127.0.0.1:0"), "serve", 5,
                 "Another Lockstep process");
  expect_refusal(on("b", "serve --listen " + a_->address()), "serve", 1,
                 "port " + std::to_string(a_->port()) + ": it is in use");
  expect_refusal(on("b", "serve --listen nonsense"), "serve", 2, "nonsense");
}

TEST_F(daemon, says_that_settings_are_its_own) {
  const auto ran = on("a", "--set log.fetch_default=7 status notes");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("--set has no effect"));
}

TEST_F(daemon, gives_its_socket_to_its_owner_only) {
  struct stat found {};
  ASSERT_EQ(::stat((data_of("a") / "control.sock").c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(daemon, leaves_a_directory_that_commands_open_by_themselves) {
  EXPECT_EQ(a_->end(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::exists(data_of("a") / "control.sock"));
  EXPECT_EQ(on("a", "status notes").status, 0);
}

TEST_F(daemon, that_was_killed_does_not_stand_in_the_way) {
  a_->end(SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(data_of("a") / "control.sock"));
  EXPECT_EQ(on("a", "status notes").status, 0);
  a_ = serve("a");
  EXPECT_EQ(on("a", "status notes").status, 0);
}

TEST_F(daemon, lets_a_log_be_followed) {
  process follower{{LOCKSTEP_PROGRAM, "--json", "--data", data_of("a").string(),
                    "log", "notes", "--follow"},
                   complaints("follower")};
  // What was there before comes first.
  const auto sequence
    = ask("a", "status notes")["sequence"].get<std::uint64_t>();
  for (std::uint64_t i = 0; i < sequence; ++i)
    EXPECT_THAT(follower.next_line(), HasSubstr("lockstep.member"));
  write("a", "one");
  EXPECT_THAT(follower.next_line(), HasSubstr("\"one\""));
  write("a", "two");
  EXPECT_THAT(follower.next_line(), HasSubstr("\"two\""));
  // It ends with the daemon, which does not wait for it.
  EXPECT_EQ(a_->end(SIGTERM), 0);
  EXPECT_EQ(follower.next_line(), "");
}

TEST_F(daemon, does_not_wait_for_who_does_not_read) {
  for (int i = 0; i < 20; ++i)
    sql("a", "INSERT INTO note VALUES('" + std::to_string(i)
               + "', hex(zeroblob(100000)))");
  process reader{
    {LOCKSTEP_PROGRAM, "--data", data_of("a").string(), "log", "notes"},
    complaints("reader")};
  ASSERT_NE(reader.next_line(), "");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(a_->end(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(daemon, outlives_nonsense_on_its_socket) {
  EXPECT_THAT(say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("\"lockstep\""));
  EXPECT_THAT(say("\xff\xfe\r\n\r\n"), HasSubstr(" 400 "));
  EXPECT_THAT(say("GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr(" 404 "));
  for (const auto* body :
       {"", "[]", "{}", "{\"arguments\":1}", "{\"arguments\":[1]}",
        "{\"arguments\":[],\"folder\":1}", "{\"arguments\":[",
        "{\"arguments\":[],\"terminals\":1}",
        "{\"arguments\":[],\"terminals\":{\"answers\":1}}"})
    EXPECT_THAT(post(body), HasSubstr(" 400 ")) << body;
  EXPECT_THAT(post("{\"arguments\":[]}"), HasSubstr("\"status\":2"));
  EXPECT_THAT(post("{\"arguments\":[\"init\"]}"), HasSubstr("\"status\":2"));
  EXPECT_THAT(post("{\"arguments\":[\"--help\"]}"), HasSubstr("\"status\":0"));
  EXPECT_THAT(post("{\"arguments\":[\"" + std::string(2 << 20, 'x') + "\"]}"),
              HasSubstr(" 413 "));
  EXPECT_EQ(on("a", "status notes").status, 0);
}

} // namespace
} // namespace lockstep
