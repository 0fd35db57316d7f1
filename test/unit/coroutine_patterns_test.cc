// What a compiler must get right before sessions can be coroutines. g++ 12 destroys some of these temporaries twice or
// too early, so a new compiler goes through here first; the sanitizer builds see what the counts don't.
#include <doctest/doctest.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using asio::awaitable;

// Too long to be stored without the heap, so that a wrong destruction shows; counted, so that a missing one does.
class Tracked {
 public:
  explicit Tracked(const std::string& text) : text_(text + std::string(64, '.')) { ++live; }
  Tracked(const Tracked& other) : text_(other.text_) { ++live; }
  Tracked(Tracked&& other) noexcept : text_(std::move(other.text_)) { ++live; }
  Tracked& operator=(const Tracked&) = default;
  Tracked& operator=(Tracked&&) = default;
  ~Tracked() { --live; }

  std::string text() const { return text_.substr(0, text_.find('.')); }

  static inline int live = 0;

 private:
  std::string text_;
};

struct Pair {
  Tracked a;
  int b;
};
struct Texts {
  std::vector<Tracked> all;
};

// Goes through the loop, so that the caller is truly suspended.
awaitable<void> turn() { co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable); }

template <typename T>
awaitable<T> later(T value) {
  co_await turn();
  co_return value;
}
awaitable<std::string> text_of(Tracked value) {
  co_await turn();
  co_return value.text();
}
awaitable<std::string> text_of_pair(Pair pair) {
  co_await turn();
  co_return pair.a.text() + std::to_string(pair.b);
}
awaitable<std::string> text_of_all(std::vector<Tracked> values) {
  co_await turn();
  std::string all;
  for (const auto& value : values) all += value.text();
  co_return all;
}
awaitable<std::string> call(std::function<std::string()> function) {
  co_await turn();
  co_return function();
}
awaitable<std::string> call_coroutine(std::function<awaitable<std::string>()> function) {
  co_await turn();
  co_return co_await function();
}

awaitable<std::string> temporary() { co_return co_await text_of(Tracked("a")); }
awaitable<std::string> aggregate() { co_return co_await text_of_pair(Pair{Tracked("a"), 2}); }
awaitable<std::string> designated() { co_return co_await text_of_pair({.a = Tracked("a"), .b = 2}); }

awaitable<std::string> conditional() {
  std::string both;
  for (const bool first : {true, false}) {
    const Pair pair = first ? Pair{Tracked("a"), co_await later(1)} : Pair{Tracked("b"), 2};
    both += pair.a.text() + std::to_string(pair.b);
  }
  co_return both;
}

awaitable<std::string> capturing_lambda() {
  const Tracked value("a");
  co_return co_await call([value] { return value.text(); });
}

awaitable<std::string> capturing_coroutine() {
  const Tracked value("a");
  co_return co_await call_coroutine([value]() -> awaitable<std::string> {
    co_await turn();
    co_return value.text();
  });
}

awaitable<std::string> range() {
  std::string all;
  for (const auto& value : (co_await later(Texts{{Tracked("a"), Tracked("b")}})).all) {
    co_await turn();
    all += value.text();
  }
  co_return all;
}

awaitable<std::string> list() { co_return co_await text_of_all({Tracked("a"), Tracked("b")}); }

awaitable<std::string> condition() {
  if ((co_await later(Tracked("a"))).text() == "a") co_return "yes";
  co_return "no";
}

awaitable<std::string> short_circuit() {
  const Tracked yes("yes");
  const bool both = yes.text() == "yes" && (co_await later(Tracked("b"))).text() == "b";
  const bool neither = yes.text() == "no" && (co_await later(Tracked("c"))).text() == "c";
  co_return both && !neither ? "both" : "not both";
}

awaitable<std::string> selection() {
  switch ((co_await later(Tracked("b"))).text().front()) {
    case 'a': co_return "first";
    case 'b': co_return "second";
    default: co_return "neither";
  }
}

awaitable<std::string> after_catch() {
  std::string caught;
  try {
    const Tracked value("a");
    co_await turn();
    throw std::runtime_error(value.text());
  } catch (const std::exception& error) {
    caught = error.what();
  }
  co_return caught + co_await text_of(Tracked("b"));
}

std::string run(awaitable<std::string> pattern) {
  asio::io_context loop{1};
  std::string result;
  asio::co_spawn(loop, std::move(pattern), [&](const std::exception_ptr& error, std::string text) {
    if (error) std::rethrow_exception(error);
    result = std::move(text);
  });
  loop.run();
  return result;
}

}  // namespace

TEST_CASE("temporaries of a co_await expression live as long as they should, and no longer") {
  struct Row {
    std::string_view why;
    awaitable<std::string> (*pattern)();
    std::string_view result;
  };
  for (const auto& [why, pattern, result] : {
           Row{"a temporary passed by value", temporary, "a"},
           Row{"an aggregate temporary", aggregate, "a2"},
           Row{"a braced temporary with designators", designated, "a2"},
           Row{"an operand of ?: that awaits", conditional, "a1b2"},
           Row{"a capturing lambda", capturing_lambda, "a"},
           Row{"a capturing lambda that is a coroutine", capturing_coroutine, "a"},
           Row{"a range that is part of an awaited temporary", range, "ab"},
           Row{"a list of temporaries", list, "ab"},
           Row{"the condition of an if", condition, "yes"},
           Row{"an operand of &&", short_circuit, "both"},
           Row{"the value of a switch", selection, "second"},
           Row{"an await after a catch", after_catch, "ab"},
       }) {
    CAPTURE(why);
    CHECK(run(pattern()) == result);
    CHECK(Tracked::live == 0);
  }
}
