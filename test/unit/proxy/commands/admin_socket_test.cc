#include "proxy/commands/admin_socket.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace proxy;

TEST_CASE("the admin socket is found in any configuration that still names it") {
  std::string name = "/tmp/admin_socket_test.XXXXXX";
  REQUIRE(mkdtemp(name.data()));
  const std::filesystem::path directory = name;
  struct Row {
    const char* why;
    const char* text;
    std::string expected;  // empty: an error
  };
  const std::string by_default = "/run/greygate/admin.sock";
  for (const auto& [why, text, expected] : {
           Row{"an absolute path", R"({"admin": {"socket": "/run/a.sock"}})", "/run/a.sock"},
           Row{"relative to the file", R"({"admin": {"socket": "a.sock"}})", directory / "a.sock"},
           Row{"with comments", "{ // one\n\"admin\": /* two */ {\"socket\": \"/a\"}}", "/a"},
           Row{"broken elsewhere", R"({"admin": {"socket": "/a"}, "domains": 3, "frobnicate": true})", "/a"},
           Row{"not JSON any more", "{\"domains\": [\"example.org\"\n\"admin\": {\"socket\"\t: \"/a\"}", "/a"},
           Row{"not JSON, and cut off there", "{\"domains\" \"admin\": {\"socket\":", ""},
           Row{"not JSON, and cut off in the path", "{\"domains\" \"admin\": {\"socket\": \"/a", "/a"},
           Row{"the key isn't there", R"({"admin": {}})", by_default},
           Row{"its section isn't", "{}", by_default},
           Row{"an empty file", "", ""},
           Row{"not an object", "[]", by_default},
           Row{"not a text", R"({"admin": {"socket": 3}})", ""},
           Row{"no path", R"({"admin": {"socket": ""}})", ""},
           Row{"its section is something else", R"({"admin": 3})", by_default},
       }) {
    CAPTURE(why);
    const auto file = directory / "greygate.json";
    std::ofstream(file) << text;
    const auto socket = admin_socket(file);
    CHECK(socket.value_or("") == expected);
    if (!socket) CHECK_MESSAGE(socket.error().contains("greygate.json: admin.socket: "), socket.error());
  }
  const auto missing = admin_socket(directory / "missing.json");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().contains("missing.json: No such file"));
  CHECK_FALSE(admin_socket(directory));
  std::filesystem::remove_all(directory);
}
