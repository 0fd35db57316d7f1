#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/settings.h"

namespace proxy {

// A key of the configuration as the table in keys.cc lists it.
struct Key {
  std::string_view name;         // within its object
  std::string_view meaning;      // a sentence or two for the reference
  std::string_view preset = {};  // the default in words, where it isn't the member's initial value
};

// What a text must look like; form.h checks it.
enum class Form {
  free,        // anything
  host_name,   // "mx1.example.org"
  listener,    // "127.0.0.1:25": an address and a port
  peer,        // "postfix:25": an address or a name, and a port
  dns_server,  // "127.0.0.1", "127.0.0.1:5353"
  network,     // "192.0.2.0/24", "2001:db8::1"
  domain,      // "example.org", "*.example.org", ".example.org", "*"
  enhanced,    // "4.2.0": the enhanced code of a reply that puts off
  path,        // made absolute, seen from the configuration file's directory; empty stays empty
  time,        // "Mon-Fri 08:00-18:00"; greylist/rules/time_of_week.h checks it
  rate,        // "100/1h"; parse_rate() checks it
  client,      // an entry of a client list; greylist/lists/client_list.h checks it
  address,     // an entry of a sender or recipient list; likewise
};

using Words = std::span<const std::string_view>;

struct Range {
  unsigned least, most;
};

// Objects in an array, such as the listeners.
struct Items {
  std::size_t size;
  std::function<void(std::size_t)> resize;
  std::function<void(class KeyVisitor&, std::size_t)> describe;  // the keys of one of them
};

// Is shown each key once, in the order of the reference, with the member that holds its value. May change the members.
class KeyVisitor {
 public:
  virtual ~KeyVisitor() = default;
  virtual void object(const Key& key, const std::function<void()>& members) = 0;
  virtual void objects(const Key& key, Items items) = 0;
  virtual void text(const Key& key, std::string& value, Form form) = 0;
  virtual void texts(const Key& key, std::vector<std::string>& values, Form form) = 0;
  virtual void word(const Key& key, std::string& value, Words choices) = 0;
  virtual void words(const Key& key, std::vector<std::string>& values, Words choices) = 0;
  // Where one may stand for a list of one.
  virtual void one_or_more(const Key& key, std::vector<std::string>& values, Form form) = 0;
  virtual void one_or_more(const Key& key, std::vector<std::string>& values, Words choices) = 0;
  virtual void flag(const Key& key, bool& value) = 0;
  virtual void flag(const Key& key, std::optional<bool>& value) = 0;  // nullopt: not given
  virtual void count(const Key& key, unsigned& value, Range range) = 0;
  virtual void duration(const Key& key, Duration& value, Duration least) = 0;
  virtual void duration(const Key& key, std::optional<Duration>& value, Duration least) = 0;
  virtual void size(const Key& key, std::uint64_t& value, std::uint64_t least) = 0;
};

// The table of keys: the one place that names them. Loading, printing and the reference are visitors.
void describe(KeyVisitor& visitor, Settings& settings);

// The path of every key, objects included: "greylist.delay", "listen[].address".
std::vector<std::string> known_keys();

}  // namespace proxy
