#include "proxy/config/reference.h"

#include <nlohmann/json.hpp>

#include "proxy/config/duration.h"
#include "proxy/config/keys.h"
#include "proxy/config/size.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

class Collector final : public KeyVisitor {
 public:
  std::vector<KeyReference> keys;

  void object(const Key& key, const std::function<void()>& members) override { within(key, ".", members); }
  void objects(const Key& key, Items items) override {
    items.resize(1);
    within(key, "[].", [&] { items.describe(*this, 0); });
  }
  void text(const Key& key, std::string& value, Form) override { add(key, value); }
  void texts(const Key& key, std::vector<std::string>& values, Form) override { add(key, values); }
  void word(const Key& key, std::string& value, Words) override { add(key, value); }
  void words(const Key& key, std::vector<std::string>& values, Words) override { add(key, values); }
  void one_or_more(const Key& key, std::vector<std::string>&, Form) override { add_without_preset(key); }
  void one_or_more(const Key& key, std::vector<std::string>&, Words) override { add_without_preset(key); }
  void flag(const Key& key, bool& value) override { add(key, value); }
  void flag(const Key& key, std::optional<bool>&) override { add_without_preset(key); }
  void count(const Key& key, unsigned& value, Range) override { add(key, value); }
  void duration(const Key& key, Duration& value, Duration) override { add(key, duration_text(value)); }
  void duration(const Key& key, std::optional<Duration>&, Duration) override { add_without_preset(key); }
  void size(const Key& key, std::uint64_t& value, std::uint64_t) override { add(key, size_text(value)); }

 private:
  std::string path(const Key& key) const { return prefix_ + std::string(key.name); }
  void add(const Key& key, const Json& value) {
    const bool stated = !key.preset.empty();
    keys.push_back({path(key), stated ? std::string(key.preset) : value.dump(), std::string(key.meaning)});
  }
  void add_without_preset(const Key& key) {
    keys.push_back({path(key), std::string(key.preset), std::string(key.meaning)});
  }
  void within(const Key& key, const char* separator, const std::function<void()>& members) {
    keys.push_back({path(key), std::string(key.preset), std::string(key.meaning)});
    const std::string outer = prefix_;
    prefix_ = path(key) + separator;
    members();
    prefix_ = outer;
  }

  std::string prefix_;
};

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
}

std::string in_markdown(std::string text) {
  replace_all(text, "|", "\\|");
  replace_all(text, "<", "&lt;");
  return text;
}

// man(7): a backslash begins an escape, and a line that begins with a dot or an apostrophe is a request.
std::string in_roff(std::string text) {
  replace_all(text, "\\", "\\e");
  replace_all(text, "-", "\\-");
  if (text.starts_with('.') || text.starts_with('\'')) text.insert(0, "\\&");
  return text;
}

bool is_words(const std::string& preset) {
  return !preset.empty() && Json::parse(preset, nullptr, false).is_discarded();
}

}  // namespace

std::vector<KeyReference> reference() {
  Settings settings;
  Collector collector;
  describe(collector, settings);
  return collector.keys;
}

std::string reference_in_markdown() {
  std::string text = "| key | default | meaning |\n| --- | --- | --- |\n";
  for (const auto& [path, preset, meaning] : reference()) {
    const auto shown = preset.empty() || is_words(preset) ? in_markdown(preset) : "`" + preset + "`";
    text.append("| `")
        .append(path)
        .append("` | ")
        .append(shown)
        .append(" | ")
        .append(in_markdown(meaning))
        .append(" |\n");
  }
  return text;
}

std::string reference_in_roff() {
  std::string text;
  for (const auto& [path, preset, meaning] : reference()) {
    text.append(".TP\n.B ").append(in_roff(path)).append("\n").append(in_roff(meaning)).append("\n");
    if (!preset.empty()) text.append("Default: ").append(in_roff(preset)).append(".\n");
  }
  return text;
}

}  // namespace proxy
