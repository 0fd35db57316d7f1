#include "test/unit/proxy/session/handover_model.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>

namespace handover {
namespace {

using Answer = proxy::BackendConnection::Answer;
using Outcome = proxy::Ending::Outcome;
using Kind = proxy::Trouble::Kind;

struct Move {
  const char* what;
  State to;
};

Answer as_read(Word word) {
  switch (word) {
    case Word::yes: return smtp::Reply(250, "2.0.0", "Queued");
    case Word::later: return smtp::Reply(451, "4.3.0", "Not now");
    case Word::no: return smtp::Reply(554, "5.7.1", "Not that");
    case Word::goodbye: return smtp::Reply(421, "4.3.2", "Going down");
    case Word::out_of_place: return smtp::Reply(354, "", "Go on");
    case Word::nonsense: return std::unexpected(proxy::Trouble{Kind::garbage, "not an SMTP reply"});
    case Word::none:
    case Word::end_of_data: break;
  }
  assert(false && "no backend says that");
  return std::unexpected(proxy::Trouble{Kind::garbage, ""});
}

Word as_heard(const smtp::Reply& reply) {
  return reply.positive() ? Word::yes : reply.permanent() ? Word::no : Word::later;
}

Attempt::Log as_logged(Outcome outcome) {
  switch (outcome) {
    case Outcome::relayed: return Attempt::Log::relayed;
    case Outcome::refused: return Attempt::Log::refused;
    case Outcome::unknown: break;
  }
  return Attempt::Log::unknown;
}

void take_down(Attempt& attempt, Leg& leg) {
  leg.up = false;
  if (attempt.said_end && attempt.told == Word::none) attempt.cut_in_between = true;
}

// The moves of one attempt, each with the state that it leads to.
class Moves {
 public:
  Moves(const State& state, std::size_t number, const Rules& rules, std::vector<Move>& moves)
      : state_(state), number_(number), rules_(rules), moves_(moves), now_(state.attempts[number]) {}

  void all() {
    client();
    proxy();
    for (std::size_t i = 0; i <= now_.chosen; ++i) backend(i);
    connections();
  }

 private:
  template <class Change>
  void may(const char* what, Change change) {
    moves_.push_back({what, state_});
    change(moves_.back().to.attempts[number_]);
  }

  void client() {
    if (now_.client == Attempt::Client::sends && now_.front.up)
      may("the client says the end of data", [](Attempt& a) {
        a.client = Attempt::Client::waits;
        a.front.forth = Word::end_of_data;
        a.said_end = true;
      });
    if (now_.client == Attempt::Client::waits && now_.front.back != Word::none)
      may("the client hears the reply", [](Attempt& a) {
        a.told = std::exchange(a.front.back, Word::none);
        a.client = Attempt::Client::over;
      });
    if (now_.client != Attempt::Client::over && !now_.front.up && now_.front.back == Word::none)
      may("the client finds its connection lost", [](Attempt& a) { a.client = Attempt::Client::over; });
  }

  void proxy() {
    if (now_.proxy == Attempt::Proxy::reads) reads();
    if (now_.proxy == Attempt::Proxy::waits) waits();
    if (now_.proxy != Attempt::Proxy::over)
      may("the proxy is killed", [](Attempt& a) {
        a.proxy = Attempt::Proxy::over;
        a.killed = true;
        for (auto* leg : {&a.front, &a.back[0], &a.back[1]}) take_down(a, *leg);
      });
  }

  void reads() {
    const bool cut_off = now_.front.forth == Word::none && !now_.front.up;
    if (now_.front.forth == Word::end_of_data || (cut_off && rules_.completes_what_was_cut))
      may("the proxy sends the end of data on", [this](Attempt& a) {
        a.front.forth = Word::none;
        hand_over(a);
      });
    else if (cut_off)
      may("the proxy drops what the client left unfinished", [](Attempt& a) {
        a.back[0].up = false;
        a.proxy = Attempt::Proxy::over;
      });
  }

  void hand_over(Attempt& a) const {
    auto& leg = a.back[a.chosen];
    if (!leg.up) return conclude(a, {Outcome::refused, smtp::Reply(451, "4.3.0", "Try again later")});
    leg.forth = Word::end_of_data;
    a.sent_end = true;
    a.proxy = Attempt::Proxy::waits;
    if (rules_.says_yes_early && a.front.up) a.front.back = Word::yes;
  }

  void waits() {
    const auto& leg = now_.back[now_.chosen];
    if (leg.back != Word::none)
      may("the proxy reads the backend's reply", [this](Attempt& a) {
        const auto word = std::exchange(a.back[a.chosen].back, Word::none);
        a.backend_to_blame |= word == Word::out_of_place || word == Word::nonsense;
        judge(a, as_read(word));
      });
    else if (!leg.up)
      may("the proxy finds the backend's connection lost", [this](Attempt& a) {
        a.backend_to_blame = true;
        if (rules_.tries_another_backend && a.chosen == 0) {
          a.chosen = 1;
          return hand_over(a);
        }
        judge(a, std::unexpected(proxy::Trouble{Kind::lost, "connection closed"}));
      });
    if (leg.up)
      may("the proxy has waited long enough for the backend", [this](Attempt& a) {
        a.backend_to_blame = true;
        judge(a, std::unexpected(proxy::Trouble{Kind::timed_out, "no answer in time"}));
      });
    if (rules_.leaves_with_the_client && !now_.front.up)
      may("the proxy leaves with the client",
          [this](Attempt& a) { judge(a, std::unexpected(proxy::Trouble{Kind::lost, "not waited for"})); });
  }

  void judge(Attempt& a, const Answer& answer) const {
    if (proxy::ends_dialogue(answer)) take_down(a, a.back[a.chosen]);
    conclude(a, rules_.judge(answer));
  }

  void conclude(Attempt& a, const proxy::Ending& ending) const {
    a.proxy = Attempt::Proxy::over;
    a.log = as_logged(ending.outcome);
    if (a.front.up && !rules_.says_yes_early) a.front.back = as_heard(ending.reply);
  }

  void backend(std::size_t i) {
    using Does = Backend::Does;
    const auto& backend = now_.backends[i];
    const auto& leg = now_.back[i];
    const auto owes = [i](Word word, std::uint8_t copies) {
      return [=](Attempt& a) {
        a.backends[i].does = Does::owe;
        a.backends[i].owed = word;
        a.backends[i].copies += copies;
      };
    };
    if (backend.does == Does::read && leg.forth == Word::end_of_data)
      may("the backend reads the end of data", [i](Attempt& a) {
        a.back[i].forth = Word::none;
        a.backends[i].does = Does::decide;
      });
    if (backend.does == Does::decide) {
      may("the backend stores the message", owes(Word::yes, 1));
      may("the backend stores it, yet will say nonsense", owes(Word::nonsense, 1));
      may("the backend wants it later", owes(Word::later, 0));
      may("the backend doesn't want it", owes(Word::no, 0));
      may("the backend shuts down", owes(Word::goodbye, 0));
      may("the backend will say 354", owes(Word::out_of_place, 0));
    }
    if (backend.does == Does::owe)
      may("the backend replies", [i](Attempt& a) {
        const auto word = std::exchange(a.backends[i].owed, Word::none);
        if (a.back[i].up) a.back[i].back = word;
        a.backends[i].does = Does::nothing_more;
      });
    if (now_.sent_end && backend.does != Does::nothing_more && (leg.up || leg.forth != Word::none))
      may("the backend crashes", [i](Attempt& a) {
        a.backends[i].does = Does::nothing_more;
        a.backends[i].owed = a.back[i].forth = Word::none;
        take_down(a, a.back[i]);
      });
  }

  void connections() {
    const bool proxy_lives = now_.proxy != Attempt::Proxy::over;
    connection([](Attempt& a) -> Leg& { return a.front; }, now_.front,
               proxy_lives || now_.client == Attempt::Client::waits);
    for (std::size_t i = 0; i <= now_.chosen; ++i)
      connection([i](Attempt& a) -> Leg& { return a.back[i]; }, now_.back[i], proxy_lives);
  }

  template <class Which>
  void connection(Which which, const Leg& leg, bool in_use) {
    if (leg.up && in_use) may("a connection breaks", [which](Attempt& a) { take_down(a, which(a)); });
    if (leg.up) return;
    if (leg.forth != Word::none)
      may("what was under way is lost", [which](Attempt& a) { which(a).forth = Word::none; });
    if (leg.back != Word::none) may("the reply under way is lost", [which](Attempt& a) { which(a).back = Word::none; });
  }

  const State& state_;
  const std::size_t number_;
  const Rules& rules_;
  std::vector<Move>& moves_;
  const Attempt& now_;
};

std::vector<Move> moves_from(const State& state, const Rules& rules) {
  std::vector<Move> moves;
  for (std::size_t i = 0; i < state.begun; ++i) Moves(state, i, rules, moves).all();
  const auto& last = state.attempts[state.begun - 1];
  if (last.client == Attempt::Client::over && state.begun < state.attempts.size() && last.told != Word::yes &&
      last.told != Word::no) {
    moves.push_back({"the client tries again", state});
    ++moves.back().to.begun;
  }
  return moves;
}

// What is promised in every state, of one attempt.
const char* broken_promise(const Attempt& a) {
  using Log = Attempt::Log;
  const bool heard_other = a.told == Word::later || a.told == Word::no;
  if (a.told == Word::yes && a.copies() != 1) return "told 250, the backend doesn't have it exactly once";
  if (a.copies() > 1) return "two copies of one attempt";
  if (a.copies() > 0 && !a.said_end) return "a copy of what the client never finished";
  if (a.log == Log::relayed && a.copies() != 1) return "logged as relayed, and it isn't there";
  if (a.log == Log::refused && a.copies() != 0) return "logged as refused, and it is there";
  if (heard_other && a.copies() > 0 && a.log != Log::unknown) return "there without its 250, and not logged as unknown";
  if (a.log == Log::unknown && !a.backend_to_blame) return "unknown, though the backend would have answered";
  return nullptr;
}

const char* broken_promise(const State& state, bool end) {
  for (const auto& attempt : state.attempts)
    if (const auto* broken = broken_promise(attempt)) return broken;
  const auto& [first, second] = state.attempts;
  if (first.copies() + second.copies() > 1 && !first.cut_in_between) return "doubled, and no connection was cut";
  if (!end) return nullptr;
  for (const auto& a : state.attempts) {
    if (&a == &second && state.begun == 1) continue;
    if (a.client != Attempt::Client::over) return "a client waits for ever";
    if (a.sent_end && !a.killed && a.log == Attempt::Log::nothing) return "handed over, and not logged";
    if (a.copies() > 0 && a.told != Word::yes && !a.cut_in_between) return "two owners, and no connection was cut";
  }
  return nullptr;
}

}  // namespace

Exploration explore(const Rules& rules) {
  struct Origin {
    const State* from;
    const char* by;
  };
  std::map<State, Origin> seen{{State{}, {nullptr, nullptr}}};
  std::deque<const State*> waiting{&seen.begin()->first};
  Exploration result;
  for (; !waiting.empty(); waiting.pop_front()) {
    const State& state = *waiting.front();
    const auto moves = moves_from(state, rules);
    ++result.states;
    result.ends += moves.empty();
    result.doubled += moves.empty() && state.attempts[0].copies() + state.attempts[1].copies() > 1;
    if (const auto* broken = broken_promise(state, moves.empty())) {
      result.fault = broken;
      for (auto at = seen.find(state); at->second.from; at = seen.find(*at->second.from))
        result.way.emplace_back(at->second.by);
      std::ranges::reverse(result.way);
      return result;
    }
    for (const auto& move : moves)
      if (const auto [at, fresh] = seen.try_emplace(move.to, Origin{&state, move.what}); fresh)
        waiting.push_back(&at->first);
  }
  return result;
}

}  // namespace handover
