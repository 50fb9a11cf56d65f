#!/usr/bin/env python3
"""The fold a second time, written from docs/circles.md, to find what one implementation alone would not.

    second.py FILE...        each a golden vector, or random histories with one JSON object a line

Compares everything but the two hashes and exits 1 at the first difference. No cryptography here: ids and
keys are whatever JSON gives (strings or numbers), and they compare as the bytes they stand for do. It goes for
the words of the document and not for speed: sets of ids, and each section as a function of its own.
"""

import json
import sys
from functools import cached_property

GENESIS, ADMIT, SUSPEND, LIFT, ADD_ADMIN, ENDORSE, POLICY, POINTER, VOTE, SUCCESSOR, RECOVER, MERGE = range(12)
DOCUMENT, MODEL, WITHDRAW = 64, 65, 66
TRUNK = 1 << 16
FEEDS, STATEMENTS, MEMBERS, TIPS = 256, 1024, 10_000, 64


class Record:
    def __init__(self, raw):
        self.id, self.feed, self.height = raw["id"], raw["feed"], raw["height"]
        self.kind, self.body = raw["kind"], raw["body"]
        self.below = raw["previous"].get("record")
        self.names_certificate = raw["previous"].get("certificate")
        self.cut = {feed: id for feed, _, id in raw["cut"]}
        self.places = [tuple(place) for place in raw["seen"] + raw["cut"]]
        if self.below is not None:
            self.places.insert(0, (self.feed, self.height - 1, self.below))

    @property
    def authority(self):
        return self.kind < 64


class Pool:
    """Section 1: what is at hand, and what of it is present."""

    def __init__(self, raw):
        self.circle = raw["circle"]
        self.statements = {s["id"]: s for s in raw["statements"]}
        self.records = {r["id"]: Record(r) for r in raw["records"]}
        self.present = {}
        self.order = []  # causal
        for start in sorted(self.records):
            stack = [start]
            while stack:
                id = stack[-1]
                record = self.records.get(id)
                todo = [p[2] for p in record.places if p[2] in self.records and p[2] not in self.present]
                if id in self.present:
                    stack.pop()
                elif todo:
                    stack.extend(todo)
                else:
                    self.present[id] = self.judge(record)
                    self.order += [id] if self.present[id] else []
                    stack.pop()
        self.past = {}
        for id in self.order:
            past = set()
            for _, _, name in self.records[id].places:
                past |= self.past[name] | {name}
            self.past[id] = frozenset(past)

    def judge(self, record):
        record.root = record.certificate = None
        for feed, height, name in record.places:
            other = self.records.get(name)
            if other is None or (other.feed, other.height) != (feed, height) or not self.present[name]:
                return False
        if record.below is None:
            record.certificate = record.names_certificate
            record.succeeded = False
        else:
            below = self.records[record.below]
            record.certificate = below.certificate
            record.succeeded = below.succeeded or (below.kind == SUCCESSOR and below.body is not None)
        statement = self.statements.get(record.certificate)
        if statement is None:
            return False
        claim = statement["claim"]
        if claim.get("certificate") not in ("sign", "spare") or claim["key"] != record.feed:
            return False
        record.root = statement["root"]
        if record.authority and claim["certificate"] == "spare":
            return any(self.full(s, record) for s in self.statements.values())
        return True

    @staticmethod
    def full(statement, record):
        claim = statement["claim"]
        return claim.get("certificate") == "sign" and (statement["root"], claim["key"]) == (record.root, record.feed)

    def chain(self, id):
        """A record and what stands below it in its feed."""
        while id is not None:
            yield id
            id = self.records[id].below

    def within(self, id, cut):
        top = cut.get(self.records[id].feed)
        return top is not None and top in self.past and id in self.chain(top)

    def forks(self, ids):
        """Lowest heights at which two of some records stand on the same one, with these records."""
        groups = {}
        for id in ids:
            record = self.records[id]
            groups.setdefault((record.feed, record.height, record.below), []).append(id)
        lowest = {}
        for (feed, height, _), group in groups.items():
            if len(group) > 1 and (feed not in lowest or height < lowest[feed][0]):
                lowest[feed] = (height, sorted(group))
        return lowest

    def dangling(self, record):
        body, past = record.body, self.past[record.id]

        def names(id, kinds):
            return id in past and self.records[id].kind in kinds

        suspends = lambda id: names(id, [SUSPEND]) and self.records[id].body is not None
        if record.kind == LIFT:
            return not suspends(body["suspension"])
        if record.kind == ADMIT:
            return not all(suspends(id) and self.records[id].body["root"] == body["root"] for id in body["lifts"])
        if record.kind == ENDORSE:
            return not names(body["target"], range(64))
        if record.kind in (POLICY, POINTER):
            return not names(body["replaces"], range(64))
        return False


class Fold:
    """Section 5, for one set of records."""

    def __init__(self, circle, ids, forks, revocations):
        self.c, self.pool = circle, circle.pool
        self.forks, self.revocations = forks, revocations
        self.ids = [id for id in ids if id in circle.permitted]
        self.endorsements = {}
        for id in self.of(ENDORSE):
            self.endorsements.setdefault(self.body(id)["target"], []).append(id)
        self.force = {}  # suspension: feeds given back, or None without a re-admission
        self.effective = set()
        grants = {}
        for id in self.of(ADD_ADMIN):
            if 2 * len(self.admins_behind(id, lambda _: True)) > len(self.standing(id).admins):
                grants.setdefault(self.body(id)["root"], []).append(id)
        self.grants = grants
        self.suspensions(2, lambda id: self.dropped(id) is None)
        held = dict(self.force)
        self.suspensions(3, lambda id: self.beyond(id, held) is None)
        self.count()

    def of(self, kind):
        return [id for id in self.ids if self.record(id).kind == kind]

    def record(self, id):
        return self.pool.records[id]

    def body(self, id):
        return self.record(id).body

    def standing(self, id):
        return self.c.permitted[id]

    def behind(self, id, test):
        return {self.record(x).root for x in [id] + self.endorsements.get(id, []) if test(x)}

    def admins_behind(self, id, test):
        return self.behind(id, lambda x: test(x) and self.standing(x).as_admin) & self.standing(id).admins

    # Step 1.
    def dropped(self, id):
        record = self.record(id)
        if record.succeeded:
            return "succeeded"
        cuts = self.revocations.get((record.root, record.feed))
        if cuts is not None:
            return None if all(top is not None and id in self.pool.chain(top) for top in cuts) else "revoked"
        fork = self.forks.get(record.feed)
        return "forked" if fork is not None and record.height >= fork[0] else None

    def of_root(self, root, force):
        return [s for s in force if self.body(s)["root"] == root]

    def beyond(self, id, force=None):
        record = self.record(id)
        force = self.force if force is None else force
        if record.succeeded:
            return "succeeded"
        mine = self.of_root(record.root, force)
        if not mine:
            return self.dropped(id)
        codes = set()
        for suspension in mine:
            if not self.pool.within(id, self.record(suspension).cut):
                if record.feed not in (force[suspension] or ()):
                    codes.add("beyond")
                else:
                    codes.add(self.dropped(id))
        codes.discard(None)
        return min(codes) if codes else None  # "beyond" is the smallest

    # Steps 2 and 3.
    def step(self, suspension):
        root = self.body(suspension)["root"]
        unknowing = any(suspension not in self.pool.past[g] for g in self.grants.get(root, []))
        return 2 if root in self.c.genesis_admins or unknowing else 3

    def carried(self, step, id, target, test):
        if not test(id):
            return False
        standing = self.standing(id)
        roots = self.behind(id, test) - {target}
        have = len(self.admins_behind(id, test) - {target})
        weights = standing.weights
        heavy = 2 * sum(weights.get(root, 0) for root in roots) > sum(weights.values())
        if step == 3:
            return have >= 1 or heavy
        others = len(standing.admins - {target})
        if others == 0:
            return False
        if others == 1:
            return have == 1 and len([r for r in roots if r in weights]) >= 2 and heavy
        return have >= 2 and 2 * have > len(standing.admins)

    def took_effect(self, id, test):
        self.effective.add(id)
        self.effective.update(x for x in self.endorsements.get(id, []) if test(x))

    def suspensions(self, step, test):
        for id in self.of(SUSPEND):
            if self.step(id) == step and self.carried(step, id, self.body(id)["root"], test):
                self.force[id] = None
                self.took_effect(id, test)
        for id in self.of(LIFT):
            suspension = self.body(id)["suspension"]
            target = self.body(suspension)["root"]
            if (
                self.step(suspension) == step
                and suspension in self.effective
                and self.carried(step, id, target, test)
            ):
                self.force.pop(suspension, None)
                self.took_effect(id, test)
        for id in self.of(ADMIT):
            body = self.body(id)
            lifts = [s for s in body["lifts"] if s in self.force and self.step(s) == step]
            if lifts and self.carried(step, id, body["root"], test):
                feeds = self.followed(body["root"], set(body["feeds"]))
                for suspension in lifts:
                    self.force[suspension] = (self.force[suspension] or frozenset()) | feeds
                self.took_effect(id, test)

    def followed(self, root, feeds):
        while True:
            more = {
                self.body(id)["feed"]
                for id in self.of(SUCCESSOR)
                if self.record(id).root == root and self.record(id).feed in feeds and self.dropped(id) is None
            }
            if more <= feeds:
                return frozenset(feeds)
            feeds = feeds | more

    # Step 4.
    def count(self):
        self.why, self.as_admin, self.admissions = {}, set(), {}
        over = self.over_invited()
        for id in self.ids:
            record, standing, past = self.record(id), self.standing(id), self.pool.past[id]
            why = self.beyond(id)
            if why is None and record.root not in self.c.genesis_admins:
                if not any(a in past for a in self.admissions.get(record.root, [])):
                    why = "unsupported"
            if why is None:
                admin = standing.as_admin and self.still_admin(id)
                if admin:
                    self.as_admin.add(id)
                if record.kind == ADMIT:
                    if not record.body["lifts"]:
                        if standing.as_admin and not admin:
                            why = "unsupported"
                        elif id in over:
                            why = "invitations"
                    elif not admin and id not in self.effective:
                        why = "votes"
                    if why is None:
                        self.admissions.setdefault(record.body["root"], []).append(id)
                elif record.kind == ADD_ADMIN and not admin:
                    why = "unsupported"
                elif record.kind == RECOVER:
                    why = "inert"
            if why is not None:
                self.why[id] = why
                self.as_admin.discard(id)
        self.members = set(self.c.genesis_admins) | set(self.admissions)
        self.suspended = {self.body(s)["root"] for s, feeds in self.force.items() if feeds is None}
        self.active = self.members - self.suspended
        self.admins = frozenset(root for root in self.active if self.is_admin(root))

    def still_admin(self, id):
        root, past = self.record(id).root, self.pool.past[id]
        off = [s for s in self.of_root(root, self.force) if not self.pool.within(id, self.record(s).cut)]
        if root in self.c.genesis_admins and not off:
            return True
        return any(
            grant in past
            and self.body(grant)["root"] == root
            and grant not in self.why
            and all(s in self.pool.past[grant] for s in off)
            and self.granted(grant, lambda x: x == grant or x in past)
            for grant in self.of(ADD_ADMIN)
        )

    def granted(self, grant, test):
        behind = self.admins_behind(grant, lambda x: x in self.as_admin and test(x))
        return 2 * len(behind) > len(self.standing(grant).admins)

    def is_admin(self, root):
        mine = self.of_root(root, self.force)
        if root in self.c.genesis_admins and not mine:
            return True
        return any(
            self.body(grant)["root"] == root
            and grant not in self.why
            and all(s in self.pool.past[grant] for s in mine)
            and self.granted(grant, lambda _: True)
            for grant in self.of(ADD_ADMIN)
        )

    def first_by_members(self):
        return [id for id in self.of(ADMIT) if not self.body(id)["lifts"] and not self.standing(id).as_admin]

    def over_invited(self):
        by_author = {}
        for id in self.first_by_members():
            if self.beyond(id) is None:
                by_author.setdefault(self.record(id).root, []).append((self.standing(id).rank, id))
        over = set()
        for admissions in by_author.values():
            taken = set()
            for _, id in sorted(admissions):
                root = self.body(id)["root"]
                if root in taken or len(taken) < self.standing(id).policy[0]:
                    taken.add(root)
                else:
                    over.add(id)
        return over

    # What is current.
    def backing(self, id):
        standing = self.standing(id)
        quorum, all_admins = standing.policy[1], len(standing.admins)
        need = all_admins // 2 + 1 if quorum == 0 else max(1, min(quorum, all_admins))
        return len(self.admins_behind(id, lambda x: x in self.as_admin)), need

    def current(self, kind, slot=None):
        proposals = [
            id for id in self.of(kind) if id not in self.why and (slot is None or self.body(id)["slot"] == slot)
        ]
        chain = [self.pool.circle]
        while True:
            best = []
            for id in proposals:
                have, need = self.backing(id)
                if self.body(id)["replaces"] == chain[-1] and have >= need:
                    best.append((-have, id))
            if not best:
                return chain
            chain.append(min(best)[1])

    @cached_property
    def policy(self):
        head = self.current(POLICY)[-1]
        return tuple(self.record(head).body["policy"])

    # Section 6.
    @cached_property
    def placed(self):
        """Admissions level by level away from genesis."""
        found = {}
        while True:
            above = set(self.c.genesis_admins) | set(found)
            level = {}
            for root in self.members - above:
                by = [a for a in self.admissions.get(root, []) if self.record(a).root in above]
                if by:
                    level[root] = min(by)
            if not level:
                return found
            found |= level

    @cached_property
    def trunk(self):
        vouchers, trunks = {}, set(self.c.genesis_admins)
        for id in self.as_admin:
            admission = id if self.record(id).kind == ADMIT else None
            if self.record(id).kind == ENDORSE:
                target = self.body(id)["target"]
                if target in self.c.permitted and self.record(target).kind == ADMIT and target not in self.why:
                    admission = target
            if admission is not None:
                root, by = self.body(admission)["root"], self.record(id).root
                if root != by:
                    vouchers.setdefault(root, set()).add(by)
                    if len(vouchers[root]) > 1 or len(self.standing(id).admins) == 1:
                        trunks.add(root)
        trunk = {}
        for root in self.members:
            top = root
            while top not in trunks and top in self.placed:
                top = self.record(self.placed[top]).root
            trunk[root] = top
        return trunk

    @cached_property
    def weights(self):
        groups = {}
        for root in self.active:
            groups.setdefault(self.trunk[root], []).append(root)
        return {root: TRUNK // len(group) for group in groups.values() for root in group}


class Standing:
    pass


class Circle:
    """Sections 2 to 4."""

    def __init__(self, raw):
        self.pool = Pool(raw)
        self.permitted, self.refused, self.genesis_admins = {}, {}, frozenset()
        genesis = self.pool.records.get(self.pool.circle)
        self.founded = False
        if genesis is not None and self.pool.present[genesis.id] and genesis.body is not None:
            admins = {root for root, _ in genesis.body["admins"]}
            if genesis.root in admins:
                self.founded, self.genesis_admins = True, frozenset(admins)
        self.folds = {}
        if self.founded:
            for id in self.pool.order:
                if self.pool.records[id].authority:
                    self.permit(self.pool.records[id])

    def fold_past(self, past):
        if past not in self.folds:
            ordered = [id for id in self.pool.order if id in past]
            self.folds[past] = Fold(self, ordered, self.pool.forks(past), {})
        return self.folds[past]

    def permit(self, record):
        if record.id == self.pool.circle:
            standing = Standing()
            standing.admins, standing.as_admin = frozenset(), False
            standing.policy, standing.rank, standing.weights = tuple(record.body["policy"]), 0, {}
            self.permitted[record.id] = standing
            return
        code = self.refusal(record)
        if code is not None:
            self.refused[record.id] = code

    def refusal(self, record):
        past, root, body = self.pool.past[record.id], record.root, record.body
        if body is None:
            return "unreadable" if record.kind <= MERGE else "newer"
        if self.pool.dangling(record):
            return "dangling"
        admitted = any(
            id in past and self.pool.records[id].kind == ADMIT and self.pool.records[id].body["root"] == root
            for id in self.permitted
        )
        if self.pool.circle not in past or not (root in self.genesis_admins or admitted):
            return "no-member"
        fold = self.fold_past(past)
        if record.succeeded:
            return "succeeded"
        if root not in fold.members:
            return "no-member"
        if any(record.feed not in (fold.force[s] or ()) for s in fold.of_root(root, fold.force)):
            return "suspended"
        fork = self.pool.forks(past | {record.id}).get(record.feed)
        if fork is not None and fork[0] <= record.height:
            return "forked"
        standing = Standing()
        standing.admins, standing.policy, standing.rank = fold.admins, fold.policy, 0
        standing.as_admin = root in fold.admins
        standing.weights = {}
        if record.kind == ADMIT:
            target = body["root"]
            if target == root:
                return "target"
            if body["lifts"]:
                if not standing.as_admin and target not in fold.members:
                    return "target"
                standing.weights = fold.weights
            else:
                own = [id for id in fold.admissions.get(target, []) if not self.pool.records[id].body["lifts"]]
                if any(self.pool.records[id].root == root for id in own):
                    return "target"
                if target not in fold.members and len(fold.members) >= MEMBERS:
                    return "invitations"
                if not standing.as_admin:
                    given = [id for id in fold.first_by_members() if self.pool.records[id].root == root]
                    standing.rank = len(given)
                    if len({self.pool.records[id].body["root"] for id in given} - {target}) >= fold.policy[0]:
                        return "invitations"
        if record.kind == ADD_ADMIN:
            if not standing.as_admin:
                return "no-admin"
            if body["root"] not in fold.active:
                return "target"
        if record.kind in (SUSPEND, LIFT):
            standing.weights = fold.weights
        self.permitted[record.id] = standing
        return None

    # Section 4.
    def sift(self):
        pool, records = self.pool, self.pool.records
        candidates, named = set(), set(self.genesis_admins)
        admissions = {}
        while self.founded:
            more = [
                id
                for id in pool.order
                if id not in candidates
                and records[id].root in named
                and all(name in candidates for _, _, name in records[id].places)
            ]
            if not more:
                break
            # Anything found here stands on candidates already; the rest comes in the next round.
            for id in more:
                candidates.add(id)
                if id in self.permitted and records[id].kind == ADMIT:
                    named.add(records[id].body["root"])
                    admissions.setdefault(records[id].body["root"], []).append(id)
        forks = pool.forks(candidates)
        from_genesis = set()
        if self.founded:
            for root, paper in records[pool.circle].body["admins"]:
                from_genesis |= {root} | ({paper} - {None})
        limited = {}
        for id in sorted(pool.statements):
            of_root = limited.setdefault(pool.statements[id]["root"], [])
            if len(of_root) < STATEMENTS:
                of_root.append(id)

        feeds = {}
        for id in candidates:
            feeds.setdefault(records[id].root, set()).add(records[id].feed)
        feeds = {root: set(sorted(all_feeds)[:FEEDS]) for root, all_feeds in feeds.items()}
        queue = []
        for id in candidates:
            record = records[id]
            fork = forks.get(record.feed)
            if (fork is None or record.height < fork[0]) and record.feed in feeds[record.root]:
                queue.append(id)
        for root in from_genesis | set(admissions):
            for statement in limited.get(root, []):
                claim = pool.statements[statement]["claim"]
                if "revokes" in claim and claim["cut"] and claim["circle"] in (None, pool.circle):
                    height, id = claim["cut"]
                    if id in candidates:
                        record = records[id]
                        if (record.root, record.feed, record.height) == (root, claim["revokes"], height):
                            queue.append(id)
        evidence = {id for _, group in forks.values() for id in group[:2]}
        for id in evidence:
            queue += [name for _, _, name in records[id].places]
            queue += admissions.get(records[id].root, [])
        kept = set()
        while queue:
            id = queue.pop()
            if id not in kept:
                kept.add(id)
                queue += [name for _, _, name in records[id].places]
                queue += admissions.get(records[id].root, [])

        roots = from_genesis | {root for root, ids in admissions.items() if kept & set(ids)}
        statements = {id for root in roots for id in limited.get(root, [])}
        for id in kept | evidence:
            record = records[id]
            statements.add(record.certificate)
            if record.authority:
                statements |= {id for id, s in pool.statements.items() if pool.full(s, record)}

        frontier = []
        for feed in {records[id].feed for id in kept} | set(forks):
            mine = [records[id] for id in kept if records[id].feed == feed]
            if feed in forks:
                height, group = forks[feed]
                above = {r.id for r in mine if r.height >= height}
                tips = above - {r.below for r in mine}
                frontier.append([feed, height, group[0], group[1], sorted(tips)[:TIPS]])
            else:
                head = max(mine, key=lambda record: record.height)
                frontier.append([feed, head.height, head.id])
        waiting = []
        for id in sorted(set(records) - kept):
            alone = id in candidates and records[id].feed in feeds[records[id].root]
            only = alone and all(name in kept or self.branch(name, candidates, feeds) for name in pool.past[id])
            waiting.append([id, "branch" if only else "waits"])
        self.kept, self.statements, self.known_forks = kept, statements, forks
        newer = {records[id].feed for id in kept if records[id].authority and records[id].kind > MERGE}
        return {
            "records": sorted(kept),
            "statements": sorted(statements),
            "frontier": sorted(frontier, key=lambda entry: entry[0]),
            "waiting": waiting,
            "newer": sorted(newer),
        }

    def branch(self, id, candidates, feeds):
        record = self.pool.records[id]
        return id in candidates and record.feed in feeds[record.root]

    def state(self):
        pool, records = self.pool, self.pool.records
        if not self.founded:
            return {
                "name": "", "founder": None, "policy": [3, 0], "policy_head": pool.circle, "members": [],
                "documents": [], "models": [], "withdrawn": [], "pointers": [], "votes": [], "without_effect": [],
            }  # fmt: skip
        revocations = {}
        for id in self.statements:
            statement = pool.statements[id]
            claim = statement["claim"]
            if "revokes" in claim and claim["circle"] in (None, pool.circle):
                height, top = claim["cut"] or (None, None)
                good = top in self.kept and (records[top].feed, records[top].height) == (claim["revokes"], height)
                cuts = revocations.setdefault((statement["root"], claim["revokes"]), [])
                cuts.append(top if good else None)
        ids = [id for id in pool.order if id in self.kept]
        fold = Fold(self, ids, self.known_forks, revocations)
        genesis = records[pool.circle]

        counting = {id for id in ids if records[id].root in fold.members and fold.beyond(id) is None}
        withdrawn = set()
        for id in counting:
            if records[id].kind == WITHDRAW and records[id].body is not None:
                target = records.get(records[id].body["target"])
                if (
                    target is not None
                    and target.id in self.kept
                    and target.root == records[id].root
                    and not target.authority
                    and target.kind != WITHDRAW
                ):
                    withdrawn.add(target.id)

        def closed(root):
            """Feeds in which a record on top would not count."""
            feeds = set(self.known_forks) | {feed for by, feed in revocations if by == root}
            feeds |= {records[id].feed for id in ids if records[id].kind == SUCCESSOR and records[id].body is not None}
            for suspension in fold.of_root(root, fold.force):
                feeds |= {record.feed for record in records.values()} - (fold.force[suspension] or frozenset())
            return feeds

        members = []
        for root in sorted(fold.members):
            mine = sorted(s for s in fold.of_root(root, fold.force) if fold.force[s] is None)
            all_admissions = sorted(fold.admissions.get(root, []))
            by_genesis = root in self.genesis_admins
            named = (all_admissions[:1] or [None])[0] if by_genesis else fold.placed[root]
            admission = genesis.id if by_genesis else named
            feeds = {records[id].feed for id in counting if records[id].root == root}
            members.append(
                {
                    "root": root,
                    "name": records[named].body["name"] if named is not None else "",
                    "admission": admission,
                    "sponsor": records[admission].root,
                    "admin": root in fold.admins,
                    "suspension": mine[0] if mine else None,
                    "feeds": sorted(feeds),
                    "open": sorted(feeds - closed(root)),
                    "weight": fold.weights.get(root, 0),
                    "trunk": fold.trunk[root],
                }
            )

        def shared(kind):
            of_kind = (id for id in counting - withdrawn if records[id].kind == kind)
            return sorted(id for id in of_kind if records[id].body is not None)

        pointers, chains = [], {POLICY: fold.current(POLICY)}
        for slot in sorted({records[id].body["slot"] for id in fold.of(POINTER)}):
            chain = chains[slot, POINTER] = fold.current(POINTER, slot)
            if len(chain) > 1:
                pointers.append([slot, chain[-1], records[chain[-1]].body["target"]])
        chained = {id for chain in chains.values() for id in chain}

        cast = {}
        for id in fold.of(VOTE):
            if id not in fold.why:
                cast.setdefault((records[id].body["subject"], records[id].root), []).append(id)
        votes = []
        for (subject, root), all_votes in sorted(cast.items()):
            last = min(id for id in all_votes if not any(id in pool.past[other] for other in all_votes))
            votes.append([subject, root, last, records[last].body["choice"]])

        without = []
        for id in sorted(self.kept - {genesis.id}):
            if records[id].authority:
                code = self.refused.get(id) or self.ineffective(fold, id, chained)
                if code is not None:
                    without.append([id, code])
        return {
            "name": genesis.body["name"],
            "founder": genesis.root,
            "policy": list(fold.policy),
            "policy_head": chains[POLICY][-1],
            "members": members,
            "documents": shared(DOCUMENT),
            "models": shared(MODEL),
            "withdrawn": sorted(withdrawn),
            "pointers": pointers,
            "votes": votes,
            "without_effect": without,
        }

    def ineffective(self, fold, id, chained):
        record, why = self.pool.records[id], fold.why.get(id)
        done = id in fold.effective
        if record.kind in (SUSPEND, LIFT):
            return None if done else why or "votes"
        if record.kind == ENDORSE and done:
            return None
        if why is not None:
            return why
        if record.kind == ADMIT and record.body["lifts"]:
            return None if done else "votes"
        if record.kind == ADD_ADMIN:
            return None if fold.granted(id, lambda _: True) else "votes"
        if record.kind in (POLICY, POINTER) and id not in chained:
            have, need = fold.backing(id)
            return "votes" if have < need else "replaced"
        return None


def histories(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".json"):
        yield json.loads(text)
    else:
        for line in text.splitlines():
            yield json.loads(line)


def main(paths):
    count = 0
    for path in paths:
        for history in histories(path):
            circle = Circle(history)
            for part, found in (("set", circle.sift()), ("state", circle.state())):
                for field, value in found.items():
                    expected = history[part][field]
                    if value != expected:
                        print(f"{path}: {history['name']}: {part}.{field}")
                        print(f"  expected {json.dumps(expected)}\n  found    {json.dumps(value)}")
                        return 1
            count += 1
    print(f"{count} histories agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
