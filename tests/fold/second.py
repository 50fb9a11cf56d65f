#!/usr/bin/env python3
"""A second implementation of docs/circles.md, written from that page and docs/records.md alone, by somebody who had not
seen the first: standard library, sets of ids, no speed. What was ambiguous then is said in the page now.

    second.py FILE...

Each FILE is a golden vector (one JSON object) or a .jsonl with one object a line. Everything but the two hashes is
compared; the first difference is printed and ends the run with status 1."""
import json
import sys
from functools import cached_property

GENESIS, ADMIT, SUSPEND, LIFT, ADD_ADMIN, ENDORSE, POLICY, POINTER, VOTE, SUCCESSOR, RECOVER, MERGE = range(12)
DOCUMENT, MODEL, WITHDRAW = 64, 65, 66
STATEMENTS, FEEDS, SEATS, MEMBERS, TIPS, TRUNK = 256, 32, 64, 10_000, 64, 1 << 16
INVITATIONS, BUDGET = 64, (256, 65_536, 16 << 20)


class Record:
    """A record in fields. `fits`: its body fits its kind. Presence adds root, certificate, chain and past."""

    def __init__(self, fields):
        self.id, self.feed, self.height, self.kind = (fields[k] for k in ("id", "feed", "height", "kind"))
        self.body, self.fits, self.authority = fields["body"] or {}, fields["body"] is not None, self.kind < 64
        self.first_admission = self.kind == ADMIT and self.fits and not self.body["lifts"]
        self.readmission = self.kind == ADMIT and self.fits and bool(self.body["lifts"])
        self.seen, self.cut, self.size = fields["seen"], fields["cut"], fields["size"]
        self.below = fields["previous"].get("record")
        self.certified_by = fields["previous"].get("certificate")
        self.names = [tuple(place) for place in self.seen + self.cut]
        if self.height > 0:
            self.names.append((self.feed, self.height - 1, self.below))
        self.named_ids = {place[2] for place in self.names}
        # section 3: the code of the refusal, or None; what is kept with a permitted record
        self.code, self.fold, self.as_admin = "not judged", None, False

    @property
    def permitted(self):
        return self.code is None

    @property
    def A(self):
        return self.fold.admins


class Pool:
    """Section 1. Everything at hand of one circle; `present` holds the present records in causal order."""

    def __init__(self, circle, statements, records, shares):
        self.circle, (self.feeds, self.seats) = circle, shares
        self.statements = {s["id"]: s | {"claim": s["claim"] or {}} for s in statements}
        self.records = {r["id"]: Record(r) for r in records}
        self.sign_keys = {(s["root"], s["claim"]["key"]) for s in self.statements.values()
                          if s["claim"].get("certificate") == "sign"}
        self.present = {}
        waiting = list(self.records.values())
        while True:
            still = [r for r in waiting if not self.make_present(r)]
            if len(still) == len(waiting):
                break
            waiting = still

    def make_present(self, r):
        for feed, height, id in r.names:
            named = self.present.get(id)
            if named is None or (named.feed, named.height) != (feed, height):
                return False
        below = self.present[r.below] if r.height > 0 else None
        certificate = below.certificate if below else self.statements.get(r.certified_by)
        if certificate is None:
            return False
        claim, root = certificate["claim"], certificate["root"]
        if claim.get("certificate") not in ("sign", "spare") or claim["key"] != r.feed:
            return False
        if claim["certificate"] == "spare" and r.authority and (root, r.feed) not in self.sign_keys:
            return False
        r.certificate, r.root = certificate, root
        r.chain = (below.chain if below else frozenset()) | {r.id}
        r.succeeded = below is not None and (below.succeeded or (below.kind == SUCCESSOR and below.fits))
        r.past = frozenset().union(*(self.present[id].past | {id} for id in r.named_ids))
        self.present[r.id] = r
        return True

    def within(self, x, cut):
        return any(feed == x.feed and x.id in self.present[id].chain for feed, _, id in cut)

    def dangling(self, r):
        field = {LIFT: "suspension", ADMIT: "lifts", ENDORSE: "target", POLICY: "replaces", POINTER: "replaces"}
        named = r.body.get(field.get(r.kind), [])
        for id in named if r.kind == ADMIT or named == [] else [named]:
            t = self.present[id] if id in r.past else None
            if t is None or not t.authority or (r.kind in (LIFT, ADMIT) and t.kind != SUSPEND):
                return True
            if r.kind == ADMIT and t.body.get("root") != r.body["root"]:
                return True
        return False

    def forks(self, ids):
        """The lowest height of each feed at which two of these records stand on the same one (or both at height 0)."""
        places, forks = {}, {}
        for r in map(self.present.get, ids):
            place = (r.feed, r.height, r.below)
            places[place] = places.get(place, 0) + 1
            if places[place] == 2:
                forks[r.feed] = min(r.height, forks.get(r.feed, r.height))
        return forks

    def founds(self):
        """Section 2."""
        g = self.present.get(self.circle)
        return bool(g and g.kind == GENESIS and g.fits and g.root in {root for root, _ in g.body["admins"]})


def judge(pool, r):
    """Section 3: the record is judged in the fold of its past; everything in its past is judged already."""
    r.code = refusal(pool, r)
    r.as_admin = r.permitted and r.root in r.A


def refusal(pool, r):
    genesis, a = pool.present[pool.circle], r.root
    if r.kind > MERGE:
        return "newer"
    if not r.fits:
        return "unreadable"
    if pool.dangling(r):
        return "dangling"
    past = [pool.present[id] for id in r.past]
    if genesis.id not in r.past:
        return "no-member"
    admitted = {root for root, _ in genesis.body["admins"]}
    admitted.update(p.body["root"] for p in past if p.kind == ADMIT and p.permitted)
    if a not in admitted:
        return "no-member"
    if r.first_admission and not vouched_for(pool, genesis, past, a):
        return "invitations"
    if r.succeeded:
        return "succeeded"
    F = r.fold = Fold(pool, r.past, pool.forks(r.past), {})
    if a not in F.members:
        return "no-member"
    if any(r.feed not in F.given_back[s.id] for s in F.in_force.get(a, ())):
        return "suspended"
    heights = {}
    for x in past + [r]:
        if x.feed == r.feed and x.height <= r.height and heights.setdefault(x.height, x.id) != x.id:
            return "forked"
    if r.kind == ADMIT:
        root = r.body["root"]
        if root == a:
            return "target"
        if r.readmission:
            return "target" if a not in F.admins and root not in F.members else None
        mine = [p for p in past if p.first_admission and p.permitted and p.root == a]
        if any(p.body["root"] == root and F.counts(p) for p in mine):
            return "target"
        if root not in F.members and len(F.members) >= MEMBERS:
            return "invitations"
        if a not in F.admins:
            roots = {p.body["root"] for p in mine if not p.as_admin} - {root}
            if len(roots) >= min(F.policy[0], INVITATIONS):
                return "invitations"
    if r.kind == ADD_ADMIN:
        if a not in F.admins:
            return "no-admin"
        if r.body["root"] not in F.active:
            return "target"
    return None


def vouched_for(pool, genesis, past, a):
    """Whether an admin stands for `a` in this past."""
    if a in {root for root, _ in genesis.body["admins"]}:
        return True
    for p in past:
        if p.as_admin and (p.kind in (ADMIT, ADD_ADMIN) and p.body["root"] == a):
            return True
        if p.as_admin and p.kind == ENDORSE:
            t = pool.present[p.body["target"]]
            if t.kind == ADMIT and t.permitted and t.body["root"] == a:
                return True
    return False


class Set:
    """Section 4."""

    def __init__(self, pool):
        self.pool = pool
        self.genesis = pool.present[pool.circle]
        self.find_candidates()
        self.find_forks()
        by_root = {}
        for id in sorted(pool.statements):
            by_root.setdefault(pool.statements[id]["root"], []).append(id)
        self.looked_at = {root: ids[:STATEMENTS] for root, ids in by_root.items()}
        self.named_by_genesis = {key for admin in self.genesis.body["admins"] for key in admin if key is not None}
        self.keep()
        self.find_statements()

    def find_candidates(self):
        self.candidates, self.admissions, self.over = {}, {}, set()
        admitted = {root for root, _ in self.genesis.body["admins"]}
        grew = True
        while grew:
            grew = False
            for r in self.pool.present.values():
                if r.id in self.candidates or r.id in self.over or r.root not in admitted or not r.named_ids <= self.candidates.keys():
                    continue
                grew = True
                if r.authority and r is not self.genesis:
                    judge(self.pool, r)
                if not self.within_budget(r):
                    self.over.add(r.id)
                    continue
                self.candidates[r.id] = r
                if r.authority and r is not self.genesis:
                    if r.kind == ADMIT and r.permitted:
                        admitted.add(r.body["root"])
                        self.admissions.setdefault(r.body["root"], []).append(r)

    def within_budget(self, r):
        """The budget of a chain: authority records not given as admin, ordinary ones, the bytes of these."""
        authority, ordinary, size = self.candidates[r.below].spent if r.height > 0 else (0, 0, 0)
        if r.root not in {root for root, _ in self.genesis.body["admins"]}:
            if r.authority:
                authority += not r.as_admin
            else:
                ordinary, size = ordinary + 1, size + r.size
        r.spent = authority, ordinary, size
        return all(spent <= limit for spent, limit in zip(r.spent, BUDGET))

    def find_forks(self):
        self.all_forks = self.pool.forks(self.candidates)
        self.evidence = {}
        for feed, height in self.all_forks.items():
            on = {}
            for r in self.candidates.values():
                if (r.feed, r.height) == (feed, height):
                    on.setdefault(r.below, []).append(r.id)
            self.evidence[feed] = sorted(id for ids in on.values() if len(ids) > 1 for id in ids)[:2]

    def keep(self):
        founders = {root for root, _ in self.genesis.body["admins"]}
        feeds = {}
        for r in self.candidates.values():
            feeds.setdefault(r.root, set()).add(r.feed)
        self.within = {root: set(sorted(keys)[:self.pool.feeds]) for root, keys in feeds.items()}
        self.find_vouchers()
        vouched = founders | (self.vouchers.keys() & feeds.keys())
        core, forks = self.kept_for(vouched, {})
        vouched |= {root for root, them in self.vouchers.items() if any(v.id in core for v in them)}

        openers = self.openers(founders, core)
        anchors = {root: [a] for root, a in openers.items()}
        for root in vouched & self.vouchers.keys() - founders:
            if not any(v.id in core for v in self.vouchers[root]):
                anchors[root].append(min(self.vouchers[root], key=lambda v: v.id))

        seats = {}
        for guest in self.invitations.keys() - vouched:
            for a in self.invitations[guest]:
                if a.id in core or guest in feeds:
                    seats.setdefault(a.root, []).append(a)
        stated = {id for root in vouched for id in self.looked_at.get(root, ())}
        fold = Fold(self.pool, core, forks, self.revocations(stated))
        self.shares = set(vouched)
        for them in seats.values():
            seated = {}
            for a in sorted(them, key=lambda a: (not fold.counts(a), a.id not in core, self.rank(a), a.id)):
                if len(seated) < self.pool.seats:
                    seated.setdefault(a.body["root"], a)
            for guest, a in seated.items():
                self.shares.add(guest)
                anchors.setdefault(guest, []).append(a)

        self.kept, self.forks = self.kept_for(self.shares, anchors)
        evidence = {id for feed in self.forks for id in self.evidence[feed]}
        self.held = list(self.kept.values()) + [self.candidates[id] for id in evidence - self.kept.keys()]

    def openers(self, founders, core):
        openers, derived = {}, {}
        while True:
            more = [r for r in self.candidates.values() if r.id not in derived and r.named_ids <= derived.keys()
                    and (r.root in founders or r.root in openers)]
            derived.update((r.id, r) for r in more)
            if not more:
                able = [a for root, them in self.admissions.items() if root not in founders and root not in openers
                        for a in them if a.id in derived]
                if not able:
                    return openers
                first = min(able, key=lambda a: (a.id not in core, a.id))
                openers[first.body["root"]] = first

    def find_vouchers(self):
        self.vouchers, self.invitations = {}, {}
        for r in self.candidates.values():
            if not r.permitted or r is self.genesis:
                continue
            t = self.pool.present[r.body["target"]] if r.kind == ENDORSE else r
            if r.as_admin and (t.kind == ADMIT and t.permitted or t.kind == ADD_ADMIN and t is r):
                self.vouchers.setdefault(t.body["root"], []).append(r)
            if r.first_admission and not r.as_admin:
                self.invitations.setdefault(r.body["root"], []).append(r)

    def rank(self, a):
        past = (self.pool.present[id] for id in a.past)
        return sum(p.root == a.root and p.first_admission and p.permitted and not p.as_admin for p in past)

    def kept_for(self, R, anchors):
        """What is kept, and the forks that matter."""
        start = [self.genesis.id]  # 1
        start += [r.id for r in self.candidates.values()  # 2
                  if r.root in R and r.feed in self.within[r.root] and not self.at_a_fork(r)]
        for root in R:  # 3
            for claim in (self.pool.statements[id]["claim"] for id in self.looked_at.get(root, ())):
                if "revokes" in claim and claim["circle"] in (None, self.pool.circle) and claim["cut"]:
                    r = self.candidates.get(claim["cut"][1])
                    if r and (r.root, r.feed, r.height) == (root, claim["revokes"], claim["cut"][0]):
                        start.append(r.id)
        kept, matter = {}, {}

        def anchor(r):
            start.extend(a.id for a in anchors.get(r.root, ()))  # 6

        def fork(feed):
            if feed in self.all_forks and feed not in matter:
                matter[feed] = self.all_forks[feed]
                for half in map(self.candidates.get, self.evidence[feed]):
                    start.extend(half.named_ids)  # 4
                    anchor(half)

        for root in R:
            for feed in self.within.get(root, ()):
                fork(feed)
        while start:
            r = self.candidates[start.pop()]
            if r.id not in kept:
                kept[r.id] = r
                start.extend(r.named_ids)  # 5
                anchor(r)
                if self.at_a_fork(r):
                    fork(r.feed)
        return kept, matter

    def at_a_fork(self, r):
        return r.height >= self.all_forks.get(r.feed, r.height + 1)

    def find_statements(self):
        roots = self.named_by_genesis | self.shares
        self.statements = {id for root in roots for id in self.looked_at.get(root, ())}
        self.statements.update(r.certificate["id"] for r in self.held)
        keys = {(r.root, r.feed) for r in self.held if r.authority}
        for id, s in self.pool.statements.items():
            if s["claim"].get("certificate") == "sign" and (s["root"], s["claim"]["key"]) in keys:
                self.statements.add(id)

    def revocations(self, statements):
        """Of these statements, for this circle or all: their cuts by root and feed."""
        found = {}
        for s in map(self.pool.statements.get, statements):
            if "revokes" in s["claim"] and s["claim"]["circle"] in (None, self.pool.circle):
                found.setdefault((s["root"], s["claim"]["revokes"]), []).append(s["claim"]["cut"])
        return found

    def frontier(self):
        entries = {}
        for r in self.kept.values():
            if r.feed not in self.forks and r.height >= entries.get(r.feed, [0, 0])[1]:
                entries[r.feed] = [r.feed, r.height, r.id]
        stood_on = {r.below for r in self.kept.values() if r.height > 0}
        for feed, height in self.forks.items():
            tips = sorted(r.id for r in self.kept.values()
                          if r.feed == feed and r.height >= height and r.id not in stood_on)
            entries[feed] = [feed, height, *self.evidence[feed], tips[:TIPS]]
        return [entries[feed] for feed in sorted(entries)]

    def on_a_branch(self, id):
        r = self.candidates.get(id)
        return r is not None and self.has_share(r.root, r.feed) and self.at_a_fork(r)

    def has_share(self, root, feed):
        return root in self.shares and feed in self.within.get(root, ())

    def result(self):
        return {
            "statements": sorted(self.statements),
            "records": sorted(self.kept),
            "frontier": self.frontier(),
            "waiting": [[id, "branch" if self.on_a_branch(id) else "waits"]
                        for id in sorted(self.pool.records) if id not in self.kept],
        }


class Fold:
    """Section 5, of the records `ids`: a past, or the whole set."""

    def __init__(self, pool, ids, forks, revocations):
        self.pool, self.ids, self.forks, self.revocations = pool, ids, forks, revocations
        self.genesis = pool.present[pool.circle]
        self.founders = {root for root, _ in self.genesis.body["admins"]}
        self.records = [r for r in pool.present.values() if r.id in ids and r.permitted]  # in causal order
        self.endorsements, self.add_admins = {}, {}
        for r in self.records:
            if r.kind == ENDORSE:
                self.endorsements.setdefault(r.body["target"], []).append(r)
            elif r.kind == ADD_ADMIN:
                self.add_admins.setdefault(r.body["root"], []).append(r)
        self.suspend()
        self.count()

    def of_kind(self, kind):
        return [r for r in self.records if r.kind == kind]

    def behind(self, t, test):
        """The records whose roots stand behind `t`."""
        return [r for r in [t, *self.endorsements.get(t.id, ())] if test(r)]

    def admins_behind(self, t, test):
        return {r.root for r in self.behind(t, test) if r.root in t.A and r.as_admin}

    def dropped(self, r):
        """Step 1: a code, or None."""
        if r.succeeded:
            return "succeeded"
        cuts = self.revocations.get((r.root, r.feed))
        if cuts:
            return None if all(self.at_or_below(r, cut) for cut in cuts) else "revoked"
        return "forked" if r.height >= self.forks.get(r.feed, r.height + 1) else None

    def at_or_below(self, r, cut):
        """In its chain the cut of a revocation; one that names no record of the set lets nothing in."""
        at = self.pool.present[cut[1]] if cut and cut[1] in self.ids else None
        return at is not None and (at.feed, at.height) == (r.feed, cut[0]) and r.id in at.chain

    def beyond(self, r, in_force):
        """A code, or None. `in_force` has the suspensions in force by the root suspended."""
        suspensions = in_force.get(r.root)
        if r.succeeded or not suspensions:
            return self.dropped(r)
        outside = [s for s in suspensions if not self.pool.within(r, s.cut)]
        if any(r.feed not in self.given_back[s.id] for s in outside):
            return "beyond"
        return self.dropped(r) if outside else None

    def suspend(self):
        """Steps 0, 2 and 3."""
        self.in_force, self.given_back, self.readmitted = {}, {}, set()
        self.took_effect, self.passed = set(), set()
        first, others = [], []
        for s in self.of_kind(SUSPEND):
            T = s.body["root"]
            grants = [g for g in self.add_admins.get(T, ())
                      if 2 * len(self.admins_behind(g, lambda r: True)) > len(g.A)]
            of_admin = T in self.founders or any(s.id not in g.past for g in grants)
            (first if of_admin else others).append(s)
        self.step(first, lambda r: self.dropped(r) is None, self.carried_against_admin)
        left = dict(self.in_force)
        self.step(others, lambda r: self.beyond(r, left) is None,
                  lambda t, T, behind, h: h >= 1 or t.fold.weigh_majority(behind))

    def carried_against_admin(self, t, T, behind, h):
        n = len(t.A - {T})
        if n == 0:
            return False
        if n == 1:
            return h == 1 and len(behind & t.fold.active) >= 2 and t.fold.weigh_majority(behind)
        return h >= 2 and 2 * h > len(t.A)

    def step(self, suspensions, test, rule):
        if not suspensions:
            return

        def carried(t, T):
            behind = {r.root for r in self.behind(t, test)} - {T}
            return test(t) and rule(t, T, behind, len(self.admins_behind(t, test) - {T}))

        def effect(t):
            self.took_effect.add(t.id)
            self.passed.update((t.id, e.id) for e in self.endorsements.get(t.id, ()) if test(e))

        force = {s.id: s for s in suspensions if carried(s, s.body["root"])}
        came = dict(force)
        for s in came.values():
            effect(s)
        for lift in self.of_kind(LIFT):
            s = came.get(lift.body["suspension"])
            if s and carried(lift, s.body["root"]):
                force.pop(s.id, None)
                effect(lift)
        given_back = {id: set() for id in force}
        for r in self.of_kind(ADMIT):
            lifted = [id for id in r.body["lifts"] if id in force]
            if lifted and carried(r, r.body["root"]):
                feeds = self.with_successors(r.body["root"], r.body["feeds"])
                for id in lifted:
                    given_back[id] |= feeds
                    self.readmitted.add(id)
                effect(r)
        self.given_back.update(given_back)
        for s in force.values():
            self.in_force.setdefault(s.body["root"], []).append(s)

    def with_successors(self, T, feeds):
        found, todo = set(), list(feeds)
        while todo:
            feed = todo.pop()
            if feed not in found:
                found.add(feed)
                todo.extend(r.body["feed"] for r in self.of_kind(SUCCESSOR)
                            if (r.root, r.feed) == (T, feed) and self.dropped(r) is None)
        return found

    def count(self):
        """Step 4."""
        self.codes, self.counting_as_admin = {}, set()
        self.is_beyond = {r.id: self.beyond(r, self.in_force) for r in self.records}
        over = self.over_the_limit()
        admitted_by = {}
        for r in self.records:
            code = self.is_beyond[r.id]
            if not code and r.root not in self.founders and not any(
                    a.id in r.past for a in admitted_by.get(r.root, ())):
                code = "unsupported"
            if not code:
                if self.is_still_admin(r):
                    self.counting_as_admin.add(r.id)
                code = self.code_by_kind(r, over)
            self.codes[r.id] = code
            if r.kind == ADMIT and not code:
                admitted_by.setdefault(r.body["root"], []).append(r)
        self.admitted_by = admitted_by
        self.members = self.founders | admitted_by.keys()
        self.without_readmission = {T: [s.id for s in them if s.id not in self.readmitted]
                                    for T, them in self.in_force.items()}
        self.active = {m for m in self.members if not self.without_readmission.get(m)}
        self.admins = {m for m in self.active if self.is_admin(m)}

    def code_by_kind(self, r, over):
        as_admin = r.id in self.counting_as_admin
        if r.first_admission:
            if r.as_admin:
                return None if as_admin else "unsupported"
            return "invitations" if r.id in over else None
        if r.readmission:
            return None if as_admin or r.id in self.took_effect else "votes"
        if r.kind == ADD_ADMIN:
            return None if as_admin else "unsupported"
        return "inert" if r.kind == RECOVER else None

    def counts(self, r):
        return r.id in self.codes and self.codes[r.id] is None

    def is_still_admin(self, r):
        if not r.as_admin:
            return False
        S = [s.id for s in self.in_force.get(r.root, ()) if not self.pool.within(r, s.cut)]
        if r.root in self.founders and not S:
            return True
        return any(g.id in r.past and g.past.issuperset(S)
                   and self.majority(g, lambda e: e is g or e.id in r.past)
                   for g in self.add_admins.get(r.root, ()) if self.counts(g))

    def is_admin(self, m):
        S = [s.id for s in self.in_force.get(m, ())]
        if m in self.founders and not S:
            return True
        return any(g.past.issuperset(S) and self.majority(g) for g in self.add_admins.get(m, ()) if self.counts(g))

    def majority(self, g, which=lambda e: True):
        """Whether the admins behind `g`, by records that count as admin, are more than half of its A."""
        return 2 * len(self.admins_behind(g, lambda e: e.id in self.counting_as_admin and which(e))) > len(g.A)

    def over_the_limit(self):
        by_author, over = {}, set()
        for r in self.records:
            if r.first_admission and not r.as_admin:
                by_author.setdefault(r.root, []).append(r)
        for theirs in by_author.values():
            rank = {r.id: sum(x.id in r.past for x in theirs) for r in theirs}
            taken = set()
            for r in sorted(theirs, key=lambda r: (rank[r.id], r.id)):
                if self.is_beyond[r.id] or r.body["root"] in taken:
                    continue
                if len(taken) < min(r.fold.policy[0], INVITATIONS):
                    taken.add(r.body["root"])
                else:
                    over.add(r.id)
        return over

    # Current

    def proposals(self, slot):
        """Of the policy (slot None) or a slot of `pointer`, by what they replace."""
        found = {}
        for r in self.records:
            if self.counts(r) and (r.kind == POLICY if slot is None else r.kind == POINTER and r.body["slot"] == slot):
                found.setdefault(r.body["replaces"], []).append(r)
        return found

    def proposal_behind(self, p):
        return len(self.admins_behind(p, lambda e: e.id in self.counting_as_admin))

    def effective(self, p):
        behind, quorum = self.proposal_behind(p), p.fold.policy[1]
        return 2 * behind > len(p.A) if quorum == 0 else behind >= max(1, min(quorum, len(p.A)))

    def current(self, slot):
        """All that is or was current, in order."""
        current, proposals = [self.genesis], self.proposals(slot)
        while True:
            choice = [p for p in proposals.get(current[-1].id, ()) if self.effective(p)]
            if not choice:
                return current
            current.append(min(choice, key=lambda p: (-self.proposal_behind(p), p.id)))

    @cached_property
    def policies(self):
        return self.current(None)

    @cached_property
    def policy(self):
        return self.policies[-1].body["policy"]

    # Section 6

    @cached_property
    def trunks(self):
        vouchers, trunks = {}, set(self.founders)
        for v in self.records:
            admission = self.pool.present[v.body["target"]] if v.kind == ENDORSE else v
            if v.id in self.counting_as_admin and self.counts(v) and admission.kind == ADMIT and self.counts(admission):
                root = admission.body["root"]
                if v.root != root:
                    vouchers.setdefault(root, set()).add(v.root)
                    if len(v.A) == 1 or len(vouchers[root]) >= 2:
                        trunks.add(root)
        return trunks

    @cached_property
    def own_admission(self):
        """The admission of each member that genesis does not name."""
        own, placed = {}, set(self.founders)
        while True:
            level = {}
            for m in self.members - placed:
                ids = [a.id for a in self.admitted_by[m] if a.root in placed]
                if ids:
                    level[m] = self.pool.present[min(ids)]
            if not level:
                return own
            own.update(level)
            placed.update(level)

    def trunk(self, m):
        while m not in self.trunks:
            m = self.own_admission[m].root
        return m

    @cached_property
    def weights(self):
        under = {}
        for m in self.active:
            under.setdefault(self.trunk(m), []).append(m)
        return {m: TRUNK // len(them) for them in under.values() for m in them}

    def weigh_majority(self, roots):
        return 2 * sum(self.weights.get(root, 0) for root in roots) > sum(self.weights.values())


class State(Fold):
    """The fold of the whole set, and what sections 5 and 7 say only of it."""

    def __init__(self, set_):
        self.set = set_
        super().__init__(set_.pool, set_.kept, set_.forks, set_.revocations(set_.statements))
        self.ordinary = {r.id: r for r in set_.kept.values()
                         if not r.authority and r.root in self.members and not self.beyond(r, self.in_force)}
        self.withdrawn = set()
        for r in self.ordinary.values():
            target = set_.kept.get(r.body["target"]) if r.kind == WITHDRAW and r.fits else None
            if target and not target.authority and target.kind != WITHDRAW and target.root == r.root:
                self.withdrawn.add(target.id)
        self.slots = {slot: self.current(slot) for slot in
                      sorted({r.body["slot"] for r in self.records if r.kind == POINTER})}

    def visible(self, kind):
        return sorted(r.id for r in self.ordinary.values() if r.kind == kind and r.fits and r.id not in self.withdrawn)

    def votes(self):
        by = {}
        for r in self.of_kind(VOTE):
            if self.counts(r):
                by.setdefault((r.body["subject"], r.root), []).append(r)
        found = []
        for (subject, root), them in sorted(by.items(), key=lambda item: item[0]):
            last = min((r for r in them if not any(r.id in x.past for x in them)), key=lambda r: r.id)
            found.append([subject, root, last.id, last.body["choice"]])
        return found

    def code(self, r):
        """Why an authority record has no effect, or None."""
        if not r.permitted:
            return r.code
        code = self.codes[r.id]
        if r.kind in (SUSPEND, LIFT):
            return None if r.id in self.took_effect else code or "votes"
        if r.kind == ENDORSE and (r.body["target"], r.id) in self.passed:
            return None
        if code:
            return code
        if r.readmission and r.id not in self.took_effect:
            return "votes"
        if r.kind == ADD_ADMIN and not self.majority(r):
            return "votes"
        if r.kind in (POLICY, POINTER):
            if r not in (self.policies if r.kind == POLICY else self.slots[r.body["slot"]]):
                return "replaced" if self.effective(r) else "votes"
        return None

    def member(self, m):
        own, founder = self.own_admission.get(m), m in self.founders
        named = own or min(self.admitted_by.get(m, ()), key=lambda a: a.id, default=None)
        mine = [r for r in self.set.kept.values() if r.root == m]
        feeds = sorted({r.feed for r in mine if not self.beyond(r, self.in_force)})
        ended = {r.feed for r in self.set.kept.values() if r.kind == SUCCESSOR and r.fits}
        return {
            "root": m,
            "name": named.body["name"] if named else "",
            "admission": self.genesis.id if founder else own.id,
            "sponsor": self.genesis.root if founder else own.root,
            "admin": m in self.admins,
            "suspension": min(self.without_readmission.get(m, ()), default=None),
            "feeds": feeds,
            "open": [f for f in feeds if self.set.has_share(m, f) and f not in self.forks
                     and (m, f) not in self.revocations and f not in ended and all(f in self.given_back[s.id] for s in self.in_force.get(m, ()))],
            "weight": self.weights.get(m, 0),
            "trunk": self.trunk(m),
        }

    def result(self):
        codes = {r.id: self.code(r) for r in self.set.kept.values() if r.authority and r is not self.genesis}
        return {
            "name": self.genesis.body["name"],
            "founder": self.genesis.root,
            "policy": self.policy,
            "policy_head": self.policies[-1].id,
            "members": [self.member(m) for m in sorted(self.members)],
            "documents": self.visible(DOCUMENT),
            "models": self.visible(MODEL),
            "withdrawn": sorted(self.withdrawn),
            "pointers": [[slot, chain[-1].id, chain[-1].body["target"]]
                         for slot, chain in self.slots.items() if len(chain) > 1],
            "votes": self.votes(),
            "without_effect": [[id, codes[id]] for id in sorted(codes) if codes[id]],
        }


def compute(history):
    pool = Pool(history["circle"], history["statements"], history["records"], history.get("shares", (FEEDS, SEATS)))
    if not pool.founds():
        waiting = [[id, "waits"] for id in sorted(pool.records)]
        empty = dict.fromkeys("members documents models withdrawn pointers votes without_effect".split(), [])
        return ({"statements": [], "records": [], "frontier": [], "waiting": waiting},
                empty | {"name": "", "founder": None, "policy": [3, 0, 1], "policy_head": pool.circle})
    the_set = Set(pool)
    return the_set.result(), State(the_set).result()


def difference(path, expected, found):
    """The first place where two values differ, as (path, expected, found), or None."""
    pairs = None
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = sorted((expected.keys() | found.keys()) - {"hash"})
        pairs = [(f".{key}", expected.get(key, "(nothing)"), found.get(key, "(nothing)")) for key in keys]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(f"[{i}]", e, f) for i, (e, f) in enumerate(zip(expected, found))]
    if pairs is None:
        return None if expected == found else (path, expected, found)
    return next(filter(None, (difference(path + step, e, f) for step, e, f in pairs)), None)


def main(files):
    agreed = 0
    for file in files:
        with open(file, encoding="utf-8") as f:
            for text in f if file.endswith(".jsonl") else [f.read()]:
                history = json.loads(text)
                the_set, state = compute(history)
                at = difference("set", history["set"], the_set) or difference("state", history["state"], state)
                if at:
                    print(f"{history['name']}: {at[0]}\n  expected {at[1]}\n  found    {at[2]}")
                    print(f"{agreed} histories agreed before")
                    return 1
                agreed += 1
    print(f"{agreed} histories agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
