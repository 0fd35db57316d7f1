#include <nlohmann/json.hpp>

#include "proxy/config/duration.h"
#include "proxy/config/keys.h"
#include "proxy/config/load.h"
#include "proxy/config/size.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

class Dumper final : public KeyVisitor {
 public:
  Json json = Json::object();

  void object(const Key& key, const std::function<void()>& members) override { put(key, inner(members)); }
  void objects(const Key& key, Items items) override {
    Json array = Json::array();
    for (std::size_t i = 0; i < items.size; ++i) array.push_back(inner([&] { items.describe(*this, i); }));
    put(key, std::move(array));
  }
  void text(const Key& key, std::string& value, Form) override { put(key, value); }
  void texts(const Key& key, std::vector<std::string>& values, Form) override { put(key, values); }
  void word(const Key& key, std::string& value, Words) override { put(key, value); }
  void words(const Key& key, std::vector<std::string>& values, Words) override { put(key, values); }
  void one_or_more(const Key& key, std::vector<std::string>& values, Form) override { put_if_any(key, values); }
  void one_or_more(const Key& key, std::vector<std::string>& values, Words) override { put_if_any(key, values); }
  void flag(const Key& key, bool& value) override { put(key, value); }
  void flag(const Key& key, std::optional<bool>& value) override {
    if (value) put(key, *value);
  }
  void count(const Key& key, unsigned& value, Range) override { put(key, value); }
  void duration(const Key& key, Duration& value, Duration) override { put(key, duration_text(value)); }
  void duration(const Key& key, std::optional<Duration>& value, Duration) override {
    if (value) put(key, duration_text(*value));
  }
  void size(const Key& key, std::uint64_t& value, std::uint64_t) override { put(key, size_text(value)); }

 private:
  void put(const Key& key, Json value) { json[std::string(key.name)] = std::move(value); }
  void put_if_any(const Key& key, const std::vector<std::string>& values) {
    if (!values.empty()) put(key, values);
  }
  Json inner(const std::function<void()>& members) {
    Json outer = std::exchange(json, Json::object());
    members();
    return std::exchange(json, std::move(outer));
  }
};

}  // namespace

std::string effective_json(const Settings& settings) {
  Settings copy = settings;  // visitors may change what they see; this one doesn't
  Dumper dumper;
  describe(dumper, copy);
  return dumper.json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace proxy
