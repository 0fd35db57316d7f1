#include "proxy/config/load.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "test/unit/proxy/temporary_directory.h"

using nlohmann::json;
using proxy::ConfigProblems;

namespace {

constexpr std::string_view smallest = R"({"hostname": "mx1.example.org",
  "backend": {"addresses": ["127.0.0.1:10025"]}, "domains": ["example.org"]})";

std::expected<proxy::Settings, ConfigProblems> load(std::string_view text) {
  const TemporaryDirectory directory;
  return proxy::load_settings(directory.write("greygate.json", text));
}

// The smallest configuration with `changes` (RFC 7396) made to it.
std::string changed(std::string_view changes) {
  json all = json::parse(smallest);
  all.merge_patch(json::parse(changes));
  return all.dump();
}

ConfigProblems problems(std::string_view text) {
  const auto loaded = load(text);
  return loaded ? ConfigProblems{} : loaded.error();
}

std::string lines(const ConfigProblems& problems) {
  std::string text;
  for (const auto& problem : problems) text += problem.line() + "\n";
  return text;
}

}  // namespace

TEST_CASE("the smallest configuration has every default") {
  const auto settings = load(smallest);
  REQUIRE_MESSAGE(settings, lines(problems(smallest)));
  CHECK(settings->hostname == "mx1.example.org");
  REQUIRE(settings->listen.size() == 2);
  CHECK(settings->listen[0].address == "0.0.0.0:25");
  CHECK(settings->listen[1].address == "[::]:25");
  CHECK(settings->listen[1].optional);
  CHECK(settings->greylist.limits.delay == std::chrono::minutes(5));
  CHECK(settings->limits.message_size == 0);
  CHECK(settings->allow.recipients == std::vector<std::string>{"postmaster@", "abuse@"});
  CHECK(settings->store.path == "/var/lib/greygate/greylist");
}

TEST_CASE("the system has a name where none is configured") {
  const auto settings = load(R"({"backend": {"addresses": ["127.0.0.1:10025"]}, "domains": ["example.org"]})");
  REQUIRE(settings);
  CHECK(!settings->hostname.empty());
}

TEST_CASE("values are read as they are meant") {
  const auto settings = load(R"(// a comment
    { "hostname": "mx.example.org", /* another */ "threads": 2,
      "listen": [{ "address": "127.0.0.1:2525" },
                 { "address": "[::1]:2526", "proxy_protocol_from": ["127.0.0.0/8", "::1"], "optional": true }],
      "backend": { "addresses": ["127.0.0.1:10025", "postfix:25"], "client_identity": "xclient",
                   "reply_timeout": "90s" },
      "domains": ["*"],
      "greylist": { "delay": "0", "retry_window": "36h", "client_prefix": { "ipv4": 32 },
                    "reply": { "code": 451, "enhanced": "4.7.1" }, "auto_allow_after": 0, "history": "0s" },
      "store": { "path": "data/greylist", "cache": 1048576 },
      "limits": { "message_size": "10MB" },
      "admin": { "socket": "../admin.sock" },
      "log": { "level": "debug", "format": "text" } })");
  REQUIRE(settings);
  CHECK(settings->threads == 2);
  CHECK(settings->listen[1].proxy_protocol_from == std::vector<std::string>{"127.0.0.0/8", "::1"});
  CHECK_FALSE(settings->listen[0].optional);
  CHECK(settings->backend.reply_timeout == std::chrono::seconds(90));
  CHECK(settings->greylist.limits.delay == std::chrono::seconds(0));
  CHECK(settings->greylist.limits.retry_window == std::chrono::hours(36));
  CHECK(settings->greylist.client_prefix.ipv4 == 32);
  CHECK(settings->greylist.client_prefix.ipv6 == 64);
  CHECK(settings->greylist.reply.code == 451);
  CHECK(settings->greylist.auto_allow.after == 0);
  CHECK(settings->store.cache == 1 << 20);
  CHECK(settings->limits.message_size == 10'000'000);
  CHECK(settings->log.level == "debug");
}

TEST_CASE("relative paths are seen from the configuration's directory") {
  const TemporaryDirectory directory;
  const auto file = directory.write("greygate.json", changed(R"({"store": {"path": "data/greylist"},
    "admin": {"socket": "./admin.sock"}, "allow": {"clients_files": ["clients", "/dev/null"]}})"));
  directory.write("clients", "");
  const auto settings = proxy::load_settings(file);
  REQUIRE(settings);
  CHECK(settings->store.path == directory.path("data/greylist"));
  CHECK(settings->admin_socket == directory.path("admin.sock"));
  CHECK(settings->allow.clients_files == std::vector<std::string>{directory.path("clients"), "/dev/null"});
}

TEST_CASE("a problem names the key, what is wrong and what would be right") {
  struct Row {
    const char* why;
    std::string_view changes, key, phrase;
  };
  const Row rows[] = {
      {"required", R"({"domains": null})", "domains", "required"},
      {"required and empty", R"({"domains": []})", "domains", "required"},
      {"network before what takes proof", R"({"greylist": {"identity": ["network", "spf"]}})", "greylist.identity[0]",
       "must come last"},
      {"a proof twice", R"({"greylist": {"identity": ["spf", "spf"]}})", "greylist.identity[1]", "there already"},
      {"no backend", R"({"backend": {"addresses": []}})", "backend.addresses", "required"},
      {"unknown", R"({"greylist": {"dellay": "5m"}})", "greylist.dellay", "did you mean \"greylist.delay\"?"},
      {"unknown at the top", R"({"domain": ["example.org"]})", "domain", "\"domains\""},
      {"unknown within a list", R"({"listen": [{"address": "127.0.0.1:1"}, {"adress": "127.0.0.1:25"}]})",
       "listen[1].adress", "\"listen[].address\""},
      {"a number for a duration", R"({"greylist": {"delay": 300}})", "greylist.delay",
       "expected a duration such as \"90s\", \"5m\" or \"2d\" (units ms s m h d), got 300"},
      {"a negative duration", R"({"greylist": {"delay": "-5m"}})", "greylist.delay", "got \"-5m\""},
      {"a time-out of nothing", R"({"backend": {"connect_timeout": "0s"}})", "backend.connect_timeout",
       "a duration longer than that"},
      {"a size without sense", R"({"store": {"cache": "lots"}})", "store.cache", "a size such as \"64MiB\""},
      {"a negative size", R"({"limits": {"message_size": -1}})", "limits.message_size", "got -1"},
      {"no cache", R"({"store": {"cache": 0}})", "store.cache", "a size larger than that"},
      {"a limit of zero", R"({"limits": {"errors": 0}})", "limits.errors", "a whole number from 1"},
      {"a text for a number", R"({"threads": "2"})", "threads", "a whole number from 0 to 1024, got \"2\""},
      {"a fraction", R"({"threads": 1.5})", "threads", "got 1.5"},
      {"a prefix too long", R"({"greylist": {"client_prefix": {"ipv4": 33}}})", "greylist.client_prefix.ipv4",
       "from 0 to 32"},
      {"a prefix too long for IPv6", R"({"greylist": {"client_prefix": {"ipv6": 129}}})", "greylist.client_prefix.ipv6",
       "from 0 to 128"},
      {"a text for a flag", R"({"greylist": {"header": "yes"}})", "greylist.header", "true or false"},
      {"a text for an object", R"({"greylist": "on"})", "greylist", "an object"},
      {"a text for a list", R"({"domains": "example.org"})", "domains", "an array of strings"},
      {"a number in a list", R"({"domains": ["example.org", 5]})", "domains[1]", "a string, got 5"},
      {"a text in a list of objects", R"({"listen": ["127.0.0.1:25"]})", "listen[0]", "an object"},
      {"a word that isn't one", R"({"greylist": {"mode": "strict"}})", "greylist.mode",
       "\"enforce\", \"observe\" or \"off\""},
      {"no port to listen on", R"({"listen": [{"address": "127.0.0.1"}]})", "listen[0].address",
       "an address and a port"},
      {"a name to listen on", R"({"listen": [{"address": "localhost:25"}]})", "listen[0].address",
       "an address and a port"},
      {"a backend without a port", R"({"backend": {"addresses": ["postfix"]}})", "backend.addresses[0]",
       "a host and a port"},
      {"a backend's port zero", R"({"backend": {"addresses": ["postfix:0"]}})", "backend.addresses[0]",
       "a host and a port"},
      {"a resolver by name", R"({"dns": {"servers": ["ns.example.org"]}})", "dns.servers[0]", "an address"},
      {"a network without sense", R"({"bare_line_ends": {"exclude_clients": ["10.0.0.0/33"]}})",
       "bare_line_ends.exclude_clients[0]", "a network"},
      {"a balancer by name", R"({"listen": [{"address": "127.0.0.1:1", "proxy_protocol_from": ["lb.example.org"]}]})",
       "listen[0].proxy_protocol_from[0]", "a network"},
      {"an address for a domain", R"({"domains": ["bob@example.org"]})", "domains[0]", "a domain"},
      {"an empty domain", R"({"domains": [""]})", "domains[0]", "a domain"},
      {"a star within", R"({"domains": ["a.*.org"]})", "domains[0]", "a domain"},
      {"an empty label", R"({"domains": ["example..org"]})", "domains[0]", "a domain"},
      {"every domain, and the backend can't tell", R"({"domains": ["example.org", "*"]})", "domains", "open relay"},
      {"a code that isn't one of two", R"({"greylist": {"reply": {"code": 550}}})", "greylist.reply.code",
       "from 450 to 451"},
      {"an enhanced code for ever", R"({"greylist": {"reply": {"enhanced": "5.7.1"}}})", "greylist.reply.enhanced",
       "4.x.x"},
      {"half an enhanced code", R"({"greylist": {"reply": {"enhanced": "4.2"}}})", "greylist.reply.enhanced", "4.x.x"},
      {"a tarpit that nobody waits for", R"({"greylist": {"tarpit": {"delay": "121s"}}})", "greylist.tarpit.delay",
       "at most 2m"},
      {"a delay beyond the window", R"({"greylist": {"delay": "2d"}})", "greylist.delay", "retry_window (2d)"},
      {"nobody's account", R"({"user": "no-such-user"})", "user", "no such user"},
      {"a name with a blank", R"({"hostname": "mx one"})", "hostname", "a host name"},
      {"no store", R"({"store": {"path": ""}})", "store.path", "a directory"},
      {"no socket", R"({"admin": {"socket": ""}})", "admin.socket", "a Unix socket"},
      {"a certificate authority that isn't there", R"({"backend": {"ca_file": "/no/such/file"}})", "backend.ca_file",
       "/no/such/file: No such file"},
      {"two listeners on one port", R"({"listen": [{"address": "127.0.0.1:1"}, {"address": "127.0.0.1:1"}]})",
       "listen[1].address", "a listener's already"},
      {"status on a listener's port", R"({"listen": [{"address": "127.0.0.1:8025"}]})", "status.address",
       "a listener's already"},
      {"a placeholder that isn't one", R"({"greylist": {"reply": {"text": "{foo}"}}})", "greylist.reply.text",
       "unknown placeholder {foo}"},
      {"two lines to reply", R"({"greylist": {"reply": {"text": "a\nb"}}})", "greylist.reply.text",
       "control character"},
      {"two lines for a link", R"({"greylist": {"reply": {"url": "a\nb"}}})", "greylist.reply.url",
       "control character"},
      {"a client without sense", R"({"allow": {"clients": ["192.0.2.1", "10.1"]}})", "allow.clients[1]",
       "write \"10.1.0.0/16\""},
      {"a client of two lines", R"({"block": {"clients": ["a\nb"]}})", "block.clients[0]", "is not a client"},
      {"a sender that is a domain", R"({"block": {"senders": ["example.com"]}})", "block.senders[0]",
       "write \"@example.com\""},
      {"a recipient without sense", R"({"allow": {"recipients": ["abuse@", "@"]}})", "allow.recipients[1]",
       "is not an address"},
      {"a list that isn't there", R"({"allow": {"recipients_files": ["/dev/null", "/no/such/file"]}})",
       "allow.recipients_files[1]", "/no/such/file: No such file"},
      {"a directory for a list", R"({"allow": {"clients_files": ["/"]}})", "allow.clients_files[0]",
       "/: Is a directory"},
      {"a certificate that isn't one",
       R"({"tls": {"certificates": [{"certificate": "/dev/null", "key": "/dev/null"}]}})",
       "tls.certificates[0].certificate", "/dev/null: no certificate in PEM form"},
      {"a certificate that isn't there",
       R"({"tls": {"certificates": [{"certificate": "/no/such", "key": "/dev/null"}]}})",
       "tls.certificates[0].certificate", "/no/such: No such file"},
      {"an empty ca_file", R"({"backend": {"tls": "verified", "ca_file": "/dev/null"}})", "backend.ca_file",
       "/dev/null: "},
      {"null", R"({"listen": [null]})", "listen[0]", "an object: { … }, got null"},
  };
  for (const auto& [why, changes, key, phrase] : rows) {
    CAPTURE(why);
    const auto found = problems(changed(changes));
    REQUIRE_MESSAGE(found.size() == 1, lines(found));
    CHECK(found[0].key == key);
    CHECK_MESSAGE(found[0].what.contains(phrase), found[0].what);
    CHECK(!found[0].line().contains('\n'));
  }
}

TEST_CASE("what a store in Redis needs") {
  struct Row {
    std::string_view store, key, phrase;
  };
  const Row rows[] = {
      {R"({"engine": "redis"})", "store.nodes", "required"},
      {R"({"engine": "redis", "nodes": ["a:1"], "prefix": "{a}"})", "store.prefix", "braces"},
      {R"({"engine": "redis", "nodes": ["a:1"], "username": "b"})", "store.username", "password_file"},
      {R"({"engine": "redis", "nodes": ["a:1"], "password_file": "/nowhere/file"})", "store.password_file", "/nowhere"},
      {R"({"engine": "redis", "nodes": ["a:1"], "tls": "required", "ca_file": "/nowhere/file"})", "store.ca_file",
       "/nowhere"},
  };
  for (const auto& [store, key, phrase] : rows) {
    CAPTURE(store);
    const auto found = problems(changed("{\"store\": " + std::string(store) + "}"));
    REQUIRE_MESSAGE(found.size() == 1, lines(found));
    CHECK(found[0].key == key);
    CHECK_MESSAGE(found[0].what.contains(phrase), found[0].what);
  }
  const auto settings =
      load(changed(R"({"store": {"engine": "redis", "nodes": ["a:1", "[::1]:2"], "cluster": true}})"));
  REQUIRE(settings);
  CHECK(settings->store.prefix == "greygate:");
  CHECK(settings->store.timeout == std::chrono::milliseconds(500));
}

TEST_CASE("keys of another store are known") {
  CHECK(lines(problems(changed(R"({"store": {"nodes": [], "cluster": true, "prefix": "greygate:", "username": "",
    "password_file": "", "tls": "none", "ca_file": "", "timeout": "500ms", "fallback": ""}})"))) == "");
}

TEST_CASE("a backend that is one of our own listeners") {
  struct Row {
    const char* why;
    std::string_view backend, listener;
    bool loop;
  };
  for (const auto& [why, backend, listener, loop] : {
           Row{"the same", "127.0.0.1:2525", "127.0.0.1:2525", true},
           Row{"another port", "127.0.0.1:2526", "127.0.0.1:2525", false},
           Row{"another address", "127.0.0.2:2525", "127.0.0.1:2525", false},
           Row{"by name", "localhost:2525", "127.0.0.1:2525", true},
           Row{"by name, in capitals", "LOCALHOST:2525", "[::1]:2525", true},
           Row{"a listener on every address", "127.0.0.3:2525", "0.0.0.0:2525", true},
           Row{"of the other family", "127.0.0.1:2525", "[::]:2525", false},
           Row{"IPv4 in IPv6", "[::ffff:127.0.0.1]:2525", "127.0.0.1:2525", true},
           Row{"every address as a destination", "0.0.0.0:2525", "127.0.0.1:2525", true},
           Row{"elsewhere", "192.0.2.1:2525", "0.0.0.0:2525", false},
           Row{"a name that may be anywhere", "postfix:2525", "0.0.0.0:2525", false},
       }) {
    CAPTURE(why);
    const json changes = {{"backend", {{"addresses", {backend}}}}, {"listen", {{{"address", listener}}}}};
    const auto found = problems(changed(changes.dump()));
    CHECK(found.size() == (loop ? 1 : 0));
    if (!found.empty()) CHECK(found[0].key == "backend.addresses[0]");
  }
}

TEST_CASE("a list's file is read, and what is wrong in it has its line") {
  const TemporaryDirectory directory;
  directory.write("clients", "# postgrey's\n\n/^mail/\n192.0.2\n");
  const auto file = directory.write("greygate.json", changed(R"({"allow": {"clients_files": ["clients"]}})"));
  CHECK(proxy::load_settings(file));
  directory.write("clients", "192.0.2.1\n/(/\nmail.example.org\n10.0.0.0/99\n");
  const auto loaded = proxy::load_settings(file);
  REQUIRE_FALSE(loaded);
  REQUIRE(loaded.error().size() == 2);
  for (std::size_t i : {0, 1}) {
    const auto line = loaded.error()[i].line();
    const auto place = "allow.clients_files[0]: " + directory.path("clients") + ": line " + (i == 0 ? "2" : "4") + ": ";
    CHECK_MESSAGE(line.starts_with(place), line);
  }
  directory.write("clients",
                  std::string(5'000, '\n').replace(0, 0, "/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n/(/\n"));
  CHECK(proxy::load_settings(file).error().size() == 10);
}

TEST_CASE("every problem is found, not the first alone") {
  const auto found = problems(R"({"threads": -1, "backend": {"addresses": "x"}, "hots": 1, "log": {"level": "loud"}})");
  std::vector<std::string> keys;
  for (const auto& problem : found) keys.push_back(problem.key);
  CHECK(keys == std::vector<std::string>{"threads", "backend.addresses", "log.level", "hots", "domains"});
}

TEST_CASE("JSON that can't be read has a line and a column") {
  struct Row {
    const char* why;
    std::string_view text, phrase;
  };
  for (const auto& [why, text, phrase] : {
           Row{"a comma missing", "{\n  \"a\": 1\n  \"b\": 2\n}", "line 3, column 5: "},
           Row{"a comma too many", "{\"threads\": 1,}", "line 1, column 15: "},
           Row{"cut off", "{\"threads\": 1", "line 1, column 14: "},
           Row{"empty", "", "line 1, column 1: "},
           Row{"a comment without an end", "{ /* ", "line 1, "},
           Row{"not an object", "[]", "expected an object"},
           Row{"something behind it", "{} {}", "line 1, column 4: "},
           Row{"not UTF-8", "{\"hostname\": \"\xFF\"}", "line 1, "},
           Row{"a number beyond all bounds", "{\"threads\": 1e999}", ": number overflow"},
       }) {
    CAPTURE(why);
    const auto found = problems(text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == "");
    CHECK_MESSAGE(found[0].what.contains("greygate.json: "), found[0].what);
    CHECK_MESSAGE(found[0].what.contains(phrase), found[0].what);
    CHECK(!found[0].what.contains('\n'));
  }
}

TEST_CASE("a key that stands twice") {
  const auto found = problems(R"({"threads": 1, "threads": 2, "listen": [{}, {"tls": "none", "tls": "none"}],
    "a": {"b": {"c": [[], {"d": 1}], "c": 2}}, "x": {"d": 1}, "y": {"d": 1}})");
  std::vector<std::string> keys;
  for (const auto& problem : found) keys.push_back(problem.key);
  CHECK(keys == std::vector<std::string>{"threads", "listen[1].tls", "a.b.c"});
}

TEST_CASE("a file that can't be read") {
  const TemporaryDirectory directory;
  for (const auto& path : {directory.path("none.json"), directory.path()}) {
    CAPTURE(path);
    const auto loaded = proxy::load_settings(path);
    REQUIRE_FALSE(loaded);
    REQUIRE(loaded.error().size() == 1);
    CHECK(loaded.error()[0].line().contains(path + ": "));
  }
}

TEST_CASE("the effective configuration is itself one, with the same meaning") {
  const TemporaryDirectory directory;
  for (const std::string_view changes : {
           R"({})",
           R"({"threads": 3, "listen": [{"address": "[::1]:2526", "proxy_protocol_from": ["127.0.0.0/8"]}],
               "backend": {"addresses": ["a:1", "b:2"], "client_identity": "proxy-v2", "open_timeout": "1500ms"},
               "domains": ["*", "*.example.net", "bücher.example"], "limits": {"message_size": 12345},
               "greylist": {"mode": "observe", "delay": "0", "reply": {"code": 451, "text": "\"Wait\" {helo}"}},
               "dns": {"enabled": false, "servers": ["9.9.9.9", "[::1]:5353"]}, "store": {"path": "x"}})",
       }) {
    const auto settings = load(changed(changes));
    REQUIRE(settings);
    const auto effective = proxy::effective_json(*settings);
    const auto again = proxy::load_settings(directory.write("effective.json", effective));
    REQUIRE_MESSAGE(again, lines(again.error()));
    CHECK(proxy::effective_json(*again) == effective);
    CHECK(again->greylist.limits.delay == settings->greylist.limits.delay);
    CHECK(again->listen[0].optional == settings->listen[0].optional);
    CHECK(again->greylist.reply.text == settings->greylist.reply.text);
    CHECK(again->domains == settings->domains);
  }
}

TEST_CASE("the effective configuration's words are those of the file") {
  const auto settings = load(smallest);
  REQUIRE(settings);
  const auto effective = json::parse(proxy::effective_json(*settings));
  CHECK(effective["greylist"]["delay"] == "5m");
  CHECK(effective["greylist"]["lifetime"] == "36d");
  CHECK(effective["greylist"]["reply"]["code"] == 450);
  CHECK(effective["store"]["cache"] == "64MiB");
  CHECK(effective["limits"]["message_size"] == "0");
  CHECK(effective["tls"]["certificates"] == json::array());
  CHECK(effective["status"]["address"] == "127.0.0.1:8025");
  CHECK(effective["backend"]["end_of_data_timeout"] == "15m");
}
