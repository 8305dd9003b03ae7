import time
from tests.people.console.attacks.world import *
def test_it(world):
    t=time.time()
    found = forms(world.ada, world.ours)
    print("forms", time.time()-t)
    for k,v in found.items(): print(k, [(a,b[:60]) for a,b in v])
    print(world.ours)
    t=time.time()
    print(world.changes(), time.time()-t)
    for page in every_page():
        for verb in verbs(page):
            if verb=="GET":
                t=time.time()
                a=world.ada.get(at(world.ours,page))
                print(verb, page.path, a.status, len(a.body), a.page.dangers(), round(time.time()-t,3))
    print(world.changes())
    assert 0
