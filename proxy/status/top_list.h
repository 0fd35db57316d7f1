#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Who comes most often, of ever so many, in bounded memory: the space-saving algorithm (Metwally, Agrawal, El Abbadi,
// "Efficient computation of frequent and top-k elements in data streams", ICDT 2005). Of n that came, whoever came more
// than n/places times is among them.
class TopList {
 public:
  struct Row {
    std::string who;
    std::uint64_t times;  // at least; exact for those who never lost their place
  };

  explicit TopList(std::size_t places) : most_(places) {}

  void add(std::string_view who);
  std::vector<Row> rows() const;  // in no order

 private:
  struct Place {
    std::size_t hash;  // of who: most are told apart by it
    std::string who;
    std::uint64_t count;      // at most so often
    std::uint64_t inherited;  // of that, from whom it took the place
  };

  std::size_t most_;
  std::vector<Place> places_;
};

}  // namespace proxy
