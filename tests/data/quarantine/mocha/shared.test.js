const shared = {
  behavesLikeAUser() {
    it('has a name', function () {});
  },
};

const behavesLikeAnAdmin = () => {
  it('may delete', function () {});
};

describe('User', function () {
  shared.behavesLikeAUser();
});

describe('Admin', function () {
  shared.behavesLikeAUser();
  behavesLikeAnAdmin();
});
