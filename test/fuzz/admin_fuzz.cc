// Invariants: whatever the admin socket is asked, there is one answer, of JSON and with a code that it documents; who
// only asks changes nothing; and what was exported and is imported elsewhere is exported from there as the same.
// Input: lines, each a request: "GET /entries?client=192.0.2.0/24", "POST /import {…}" (a body may follow a blank).
#include <nlohmann/json.hpp>
#include <string>

#include "greylist/store/memory_store.h"
#include "proxy/admin/admin_api.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"
#include "test/fuzz/served.h"

namespace {

std::shared_ptr<const proxy::Setup> setup() {
  proxy::Settings settings;
  settings.hostname = "mx.example.org";
  settings.domains = {"example.org"};
  settings.backend.addresses = {"127.0.0.1:1"};
  settings.dns.enabled = false;
  return *proxy::make_setup(settings, nullptr);
}

// A proxy's admin API over a greylist of its own.
class Office {
 public:
  proxy::AdminAnswer ask(const proxy::AdminRequest& request) {
    auto upload = api_.upload(request);
    if (!upload) return all_of(api_.answer(request));
    for (const auto piece : cut(request.body, 7)) upload->take(piece);
    return upload->finish();
  }
  std::string exported() { return ask({.method = "GET", .path = "/export", .query = {{"all", ""}}, .body = {}}).body; }

 private:
  static proxy::AdminAnswer all_of(proxy::AdminAnswer answer) {
    if (answer.pieces)
      for (std::string piece; !(piece = answer.pieces()).empty();) answer.body += piece;
    return answer;
  }

  StoppedClock clock_;
  std::unique_ptr<greylist::Store> store_ = greylist::make_memory_store();
  proxy::Site site_{clock_, *store_, 1};
  std::vector<std::unique_ptr<proxy::Loop>> loops_;
  proxy::RunTimeRegister run_time_{site_, loops_};
  proxy::AdminApi api_{{[] {
                          static const auto made = setup();
                          return made;
                        },
                        [] { return std::string("{}\n"); }, site_, run_time_}};
};

int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

// As libmicrohttpd does it.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    if (escape) {
      plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain.substr(0, plain.find('\0'));
}

std::string_view up_to(std::string_view& text, char end) {
  const auto part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

proxy::AdminRequest read(std::string_view line) {
  proxy::AdminRequest request;
  request.method = up_to(line, ' ');
  auto target = up_to(line, ' ');
  request.body = line;
  std::ranges::replace(request.body, '\t', '\n');
  request.path = decoded(up_to(target, '?'));
  while (!target.empty()) {
    auto pair = up_to(target, '&');
    const auto name = decoded(up_to(pair, '='));
    request.query[name] = decoded(pair);
  }
  return request;
}

void check(const proxy::AdminAnswer& answer) {
  const int code = answer.code;
  REQUIRE(code == 200 || code == 400 || code == 404 || code == 405);
  for (std::string_view left = answer.body; !left.empty();) {
    REQUIRE(left.contains('\n'));
    const auto json = nlohmann::json::parse(up_to(left, '\n'), nullptr, false);
    REQUIRE(json.is_object());
    REQUIRE(code == 200 || json["error"].is_string());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Office office;
  auto rest = Input(data, size).rest();
  for (int requests = 0; !rest.empty() && requests < 20; ++requests) {
    const auto request = read(up_to(rest, '\n'));
    const auto before = office.exported();
    check(office.ask(request));
    if (request.method == "GET") REQUIRE(office.exported() == before);
  }
  const auto exported = office.exported();
  Office elsewhere;
  const auto taken = elsewhere.ask({.method = "POST", .path = "/import", .query = {}, .body = exported});
  check(taken);
  REQUIRE(elsewhere.exported() == exported);
  return 0;
}
