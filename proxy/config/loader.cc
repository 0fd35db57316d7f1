#include "proxy/config/loader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proxy/config/duration.h"
#include "proxy/config/form.h"
#include "proxy/config/keys.h"
#include "proxy/config/nearest_key.h"
#include "proxy/config/size.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

// A value as the reader of a message should see it: on one line, and not all of a long one.
std::string shown(const Json& value) {
  constexpr std::size_t most = 60;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  auto text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > most) text = text.substr(0, most) + "…";
  return text;
}

std::string quoted_list(Words words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i)
    list.append(i == 0 ? "\"" : i + 1 == words.size() ? " or \"" : ", \"").append(words[i]).append("\"");
  return list;
}

class Loader final : public KeyVisitor {
 public:
  Loader(const std::filesystem::path& directory) : directory_(directory) {}

  ConfigProblems problems;

  // Runs `members` on `object`, then names the keys in it that none of them asked for.
  void within(const Json& object, std::string path, const std::function<void()>& members) {
    const Open outer = std::exchange(open_, {&object, std::move(path), {}});
    members();
    for (const auto& [name, value] : object.items())
      if (std::ranges::find(open_.asked_for, name) == open_.asked_for.end()) unknown(name);
    open_ = outer;
  }

  void object(const Key& key, const std::function<void()>& members) override {
    const auto* value = find(key);
    if (!value) return;
    if (value->is_object())
      within(*value, path(key), members);
    else
      wrong(path(key), "an object: { … }", *value);
  }

  void objects(const Key& key, Items items) override {
    const auto* value = find(key);
    if (!value) return;
    if (!value->is_array()) return wrong(path(key), "an array of objects: [{ … }]", *value);
    items.resize(value->size());
    for (std::size_t i = 0; i < value->size(); ++i)
      if (const auto& one = (*value)[i]; one.is_object())
        within(one, element(key, i), [&] { items.describe(*this, i); });
      else
        wrong(element(key, i), "an object: { … }", one);
  }

  void text(const Key& key, std::string& value, Form form) override {
    if (const auto* json = find(key)) read_text(path(key), *json, form, value);
  }

  void texts(const Key& key, std::vector<std::string>& values, Form form) override {
    each(key, values, [&](const std::string& where, const Json& json, std::string& value) {
      return read_text(where, json, form, value);
    });
  }

  void word(const Key& key, std::string& value, Words choices) override {
    if (const auto* json = find(key)) read_word(path(key), *json, choices, value);
  }

  void words(const Key& key, std::vector<std::string>& values, Words choices) override {
    each(key, values, [&](const std::string& where, const Json& json, std::string& value) {
      return read_word(where, json, choices, value);
    });
  }

  void one_or_more(const Key& key, std::vector<std::string>& values, Form form) override {
    one_or_each(key, values, [&](const std::string& where, const Json& json, std::string& value) {
      return read_text(where, json, form, value);
    });
  }

  void one_or_more(const Key& key, std::vector<std::string>& values, Words choices) override {
    one_or_each(key, values, [&](const std::string& where, const Json& json, std::string& value) {
      return read_word(where, json, choices, value);
    });
  }

  void flag(const Key& key, bool& value) override {
    if (const auto* json = find(key)) read_flag(key, *json, value);
  }

  void flag(const Key& key, std::optional<bool>& value) override {
    if (const auto* json = find(key)) read_flag(key, *json, value.emplace());
  }

  void count(const Key& key, unsigned& value, Range range) override {
    const auto* json = find(key);
    if (!json) return;
    const bool number = json->is_number_unsigned();
    if (const auto read = number ? json->get<std::uint64_t>() : 0; number && read >= range.least && read <= range.most)
      value = static_cast<unsigned>(read);
    else
      wrong(path(key), "a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most),
            *json);
  }

  void duration(const Key& key, Duration& value, Duration least) override {
    if (const auto* json = find(key)) read_duration(key, *json, value, least);
  }

  void duration(const Key& key, std::optional<Duration>& value, Duration least) override {
    if (const auto* json = find(key)) read_duration(key, *json, value.emplace(), least);
  }

  void size(const Key& key, std::uint64_t& value, std::uint64_t least) override {
    const auto* json = find(key);
    if (!json) return;
    const auto read = json->is_string()            ? parse_size(json->get_ref<const std::string&>())
                      : json->is_number_unsigned() ? parse_size(json->dump())
                                                   : std::nullopt;
    if (read && *read >= least)
      value = *read;
    else
      wrong(path(key),
            std::string(read ? "a size larger than that" : "a size") +
                " such as \"64MiB\" or \"10MB\" (units B kB MB GB KiB MiB GiB)",
            *json);
  }

 private:
  struct Open {
    const Json* object = nullptr;
    std::string path;
    std::vector<std::string_view> asked_for;
  };

  const Json* find(const Key& key) {
    open_.asked_for.push_back(key.name);
    const auto found = open_.object->find(key.name);
    return found == open_.object->end() ? nullptr : &*found;
  }

  std::string path(std::string_view name) const {
    return open_.path.empty() ? std::string(name) : open_.path + "." + std::string(name);
  }
  std::string path(const Key& key) const { return path(key.name); }
  std::string element(const Key& key, std::size_t index) const { return path(key) + "[" + std::to_string(index) + "]"; }

  void wrong(std::string where, const std::string& expected, const Json& got) {
    problems.push_back({std::move(where), "expected " + expected + ", got " + shown(got)});
  }

  void unknown(const std::string& name) {
    const std::string here = path(name);
    std::string suggestion = nearest_key(without_indices(here), known_keys());
    problems.push_back({here, "unknown key; did you mean \"" + suggestion + "\"?"});
  }

  static std::string without_indices(std::string_view path) {
    std::string text;
    bool index = false;
    for (const char c : path) {
      if (c == ']') index = false;
      if (!index) text += c;
      if (c == '[') index = true;
    }
    return text;
  }

  bool read_text(const std::string& where, const Json& json, Form form, std::string& value) {
    if (!json.is_string()) return wrong(where, "a string", json), false;
    const auto& text = json.get_ref<const std::string&>();
    if (const auto expected = expected_instead(form, text)) return wrong(where, *expected, json), false;
    value = form == Form::path && !text.empty() ? (directory_ / text).lexically_normal().string() : text;
    return true;
  }

  bool read_word(const std::string& where, const Json& json, Words choices, std::string& value) {
    const auto found =
        json.is_string() ? std::ranges::find(choices, json.get_ref<const std::string&>()) : choices.end();
    if (found == choices.end()) return wrong(where, quoted_list(choices), json), false;
    value = *found;
    return true;
  }

  void read_flag(const Key& key, const Json& json, bool& value) {
    if (json.is_boolean())
      value = json.get<bool>();
    else
      wrong(path(key), "true or false", json);
  }

  void read_duration(const Key& key, const Json& json, Duration& value, Duration least) {
    const auto read = json.is_string() ? parse_duration(json.get_ref<const std::string&>()) : std::nullopt;
    if (read && *read >= least)
      value = *read;
    else
      wrong(path(key),
            std::string(read ? "a duration longer than that" : "a duration") +
                " such as \"90s\", \"5m\" or \"2d\" (units ms s m h d)",
            json);
  }

  // An empty list would hold of nothing, or of everything: nobody can tell.
  template <class ReadOne>
  void one_or_each(const Key& key, std::vector<std::string>& values, ReadOne read_one) {
    const auto* json = find(key);
    if (!json) return;
    if (json->is_array() && json->empty()) return wrong(path(key), "at least one value", *json);
    if (json->is_array()) return read_each(key, *json, values, read_one);
    values.assign(1, {});
    read_one(path(key), *json, values.front());
  }

  template <class ReadOne>
  void read_each(const Key& key, const Json& array, std::vector<std::string>& values, ReadOne read_one) {
    values.assign(array.size(), {});
    for (std::size_t i = 0; i < array.size(); ++i) read_one(element(key, i), array[i], values[i]);
  }

  template <class ReadOne>
  void each(const Key& key, std::vector<std::string>& values, ReadOne read_one) {
    const auto* array = find(key);
    if (!array) return;
    if (!array->is_array()) return wrong(path(key), "an array of strings", *array);
    read_each(key, *array, values, read_one);
  }

  const std::filesystem::path& directory_;
  Open open_;
};

}  // namespace

ConfigProblems load_members(const Json& object, const std::filesystem::path& directory, Settings& settings) {
  Loader loader(directory);
  loader.within(object, "", [&] { describe(loader, settings); });
  return std::move(loader.problems);
}

}  // namespace proxy
