from unet_numpy import is_legal, output_size


def check_figure_1(t):
    """572 gives 388, and other legal sides their own"""
    for side, depth in ((572, 4), (188, 4), (204, 4), (44, 2), (52, 2), (18, 1), (20, 1), (92, 3)):
        t.equal(t.call("label_side", side, depth), output_size(side, depth), what=f"side {side}, depth {depth}")


def check_every_side(t):
    """Every side up to 120 is taken or refused as it should be"""
    for depth in (1, 2, 3):
        for side in range(1, 120):
            if is_legal(side, depth):
                t.equal(t.call("label_side", side, depth), output_size(side, depth), what=f"side {side}, depth {depth}")
            else:
                t.raises("label_side", side, depth)
