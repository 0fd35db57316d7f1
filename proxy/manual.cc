// Writes the manual page: a template with "@KEYS@" where the configuration's keys go, and "@VERSION@".
//   manual TEMPLATE >greygate.8
//   manual --markdown           the keys as the table in README.md
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "proxy/config/reference.h"
#include "proxy/version.h"

namespace {

void put_in(std::string& text, std::string_view mark, const std::string& content) {
  if (const auto at = text.find(mark); at != text.npos) text.replace(at, mark.size(), content);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (std::string_view(argv[1]) == "--markdown") return std::fputs(proxy::reference_in_markdown().c_str(), stdout) < 0;
  std::ifstream file(argv[1]);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return 1;
  put_in(text, "@VERSION@", std::string(proxy::version()));
  put_in(text, "@KEYS@\n", proxy::reference_in_roff());
  return std::fputs(text.c_str(), stdout) < 0;
}
