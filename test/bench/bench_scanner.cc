// How fast content is followed, beside two yardsticks on the same octets: memchr for each line's LF, which sees nothing
// else, and a state machine that takes octet by octet. Rounds of the three take turns, so that a busy machine slows
// them alike; medians count.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "smtp/body_scanner.h"

namespace {

constexpr std::size_t content_size = 256U << 10, piece_size = 16U << 10;
constexpr int rounds = 401;

// What a run found out, so that no compiler can leave it out: line ends, or 1 if the content is clean and has ended.
using Run = std::function<std::size_t(std::string_view)>;

std::size_t lines_by_memchr(std::string_view content) {
  std::size_t lines = 0;
  const char* at = content.data();
  const char* const end = at + content.size();
  while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
    ++lines;
    ++at;
  }
  return lines;
}

std::size_t by_octets(std::string_view content) {
  enum class At { line_start, text, cr, dot, dot_cr } at = At::line_start;
  bool bare = false, done = false;
  for (const char octet : content) {
    const bool after_cr = at == At::cr || at == At::dot_cr;
    bare |= after_cr != (octet == '\n');
    if (octet == '\n') {
      done |= at == At::dot_cr;
      at = after_cr ? At::line_start : At::text;
    } else if (octet == '\r') {
      at = at == At::dot ? At::dot_cr : At::cr;
    } else {
      at = octet == '.' && at == At::line_start ? At::dot : At::text;
    }
  }
  return done && !bare;
}

// As a session feeds it: piece by piece.
std::size_t by_scanner(std::string_view content) {
  smtp::BodyScanner scanner(smtp::BodyScanner::Framing::data);
  for (; !content.empty(); content.remove_prefix(std::min(content.size(), piece_size))) {
    scanner.scan(content.substr(0, piece_size));
  }
  return scanner.done() && !scanner.bare_line_end();
}

struct Yardstick {
  const char* name;
  Run run;
  std::vector<double> gigabytes_per_second = {};
  std::size_t found = 0;

  double median() const {
    auto sorted = gigabytes_per_second;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

void measure(Yardstick& yardstick, std::string_view content) {
  const auto start = std::chrono::steady_clock::now();
  yardstick.found = yardstick.run(content);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  yardstick.gigabytes_per_second.push_back(static_cast<double>(content.size()) / took.count());
}

std::string repeat(const std::function<std::string()>& line) {
  std::string content;
  content.reserve(content_size + 1'024);
  while (content.size() < content_size) content += line() + "\r\n";
  return content + ".\r\n";
}

void compare(const char* what, const std::string& content) {
  std::array yardsticks{Yardstick{"BodyScanner", by_scanner}, Yardstick{"memchr a line", lines_by_memchr},
                        Yardstick{"octet by octet", by_octets}};
  for (int round = 0; round < rounds; ++round) {
    for (auto& yardstick : yardsticks) measure(yardstick, content);
  }
  const auto& [scanner, memchr_lines, octets] = yardsticks;
  if (scanner.found != 1 || octets.found != 1 || memchr_lines.found == 0) {
    std::fprintf(stderr, "%s: a wrong result\n", what);
    std::exit(1);
  }
  std::printf("%-40s %8.2f %8.2f %8.2f %12.2f %12.1f\n", what, scanner.median(), memchr_lines.median(), octets.median(),
              scanner.median() / memchr_lines.median(), scanner.median() / octets.median());
}

}  // namespace

int main() {
  std::mt19937 random(1);
  const auto text_of = [&](std::size_t size, std::string_view alphabet) {
    std::string text(size, ' ');
    for (char& octet : text) octet = alphabet[random() % alphabet.size()];
    return text;
  };
  constexpr std::string_view letters = "etaoinshrdlucmfwypvbgkqjxz.,     ";
  constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  std::printf("GB/s, medians of %d rounds over %zu KiB      Body   memchr    octet      scanner      scanner\n", rounds,
              content_size >> 10);
  std::printf("                                          Scanner   a line by octet  over memchr   over octet\n");
  compare("text, lines of 72 octets", repeat([&] { return 'a' + text_of(69, letters); }));
  compare("base64, lines of 76 octets", repeat([&] { return text_of(74, base64); }));
  compare("a dot at every line start, 72 octets", repeat([&] { return ".." + text_of(68, letters); }));
}
