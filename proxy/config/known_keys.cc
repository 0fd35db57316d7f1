#include "proxy/config/keys.h"

namespace proxy {
namespace {

class Names final : public KeyVisitor {
 public:
  std::vector<std::string> paths;

  void object(const Key& key, const std::function<void()>& members) override { within(key, ".", members); }
  void objects(const Key& key, Items items) override {
    items.resize(1);
    within(key, "[].", [&] { items.describe(*this, 0); });
  }
  void text(const Key& key, std::string&, Form) override { add(key); }
  void texts(const Key& key, std::vector<std::string>&, Form) override { add(key); }
  void word(const Key& key, std::string&, Words) override { add(key); }
  void words(const Key& key, std::vector<std::string>&, Words) override { add(key); }
  void one_or_more(const Key& key, std::vector<std::string>&, Form) override { add(key); }
  void one_or_more(const Key& key, std::vector<std::string>&, Words) override { add(key); }
  void flag(const Key& key, bool&) override { add(key); }
  void flag(const Key& key, std::optional<bool>&) override { add(key); }
  void count(const Key& key, unsigned&, Range) override { add(key); }
  void duration(const Key& key, Duration&, Duration) override { add(key); }
  void duration(const Key& key, std::optional<Duration>&, Duration) override { add(key); }
  void size(const Key& key, std::uint64_t&, std::uint64_t) override { add(key); }

 private:
  void add(const Key& key) { paths.push_back(prefix_ + std::string(key.name)); }
  void within(const Key& key, std::string_view separator, const std::function<void()>& members) {
    add(key);
    const std::string outer = prefix_;
    prefix_ = paths.back() + std::string(separator);
    members();
    prefix_ = outer;
  }

  std::string prefix_;
};

}  // namespace

std::vector<std::string> known_keys() {
  Settings settings;
  Names names;
  describe(names, settings);
  return names.paths;
}

}  // namespace proxy
