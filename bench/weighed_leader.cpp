#include "bench/weighed_leader.hpp"

#include "bench/listening_device.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>

namespace lockstep::bench {

namespace {

constexpr const char* write_items = R"sql(
  WITH RECURSIVE number(n) AS (
    SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
  INSERT INTO item SELECT printf('%08x-0000-7000-8000-%012x', n, n),
    'item ' || n, 'shelf ' || n % 97, n % 1000, n % 10000 / 100.0 FROM number
  )sql";

/// Does what a line says, and answers with one.
std::string answer_to(const std::string& line, listening_device& device,
                      memory_watch& weight) {
  std::istringstream words{line};
  std::string what;
  std::int64_t number = 0;
  words >> what >> number;
  if (what == "memory") {
    const auto most = weight.take_most();
    return std::to_string(most.resident) + ' '
           + std::to_string(most.page_caches);
  }
  if (what == "write") {
    auto all = device.items.transaction();
    all.execute(write_items, {number});
    must(all.commit().get());
    return "done";
  }
  return device.invitation(
    number == 0 ? device.items
                : device.others.at(static_cast<std::size_t>(number) - 1));
}

} // namespace

int lead(const std::filesystem::path& folder) {
  listening_device device{folder};
  for (std::size_t i = 1; i < weighed_libraries; ++i)
    device.add();
  memory_watch weight;
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer_to(line, device, weight) << std::endl;
  return 0;
}

memory_use parse_memory(const std::string& line) {
  memory_use most;
  std::istringstream{line} >> most.resident >> most.page_caches;
  return most;
}

weighed_leader::weighed_leader(const std::filesystem::path& folder)
  : child_(std::make_unique<process>(
    std::vector<std::string>{"/proc/self/exe", lead_argument, folder.string()},
    "/dev/stderr")) {
}

std::string weighed_leader::ask(const std::string& line) {
  child_->tell(line);
  auto answer = child_->next_line();
  // Large transactions take their time; each look takes a minute.
  for (int looks = 1; answer.empty() && looks < 10; ++looks)
    answer = child_->next_line();
  if (answer.empty()) {
    std::fprintf(stderr, "lockstep-bench: the weighed device said no more\n");
    std::exit(1);
  }
  return answer;
}

memory_use weighed_leader::most() {
  return parse_memory(ask("memory"));
}

void weighed_leader::write(std::size_t rows) {
  ask("write " + std::to_string(rows));
}

std::string weighed_leader::invitation(std::size_t which) {
  return ask("invite " + std::to_string(which));
}

} // namespace lockstep::bench
